//! The step that checks the book: the summary lists every page of `docs`, every link between files leads to an existing file and, where
//! it has an anchor, to a heading, and the Rust of every page is code of our tests. It does not follow links to other sites. If mdBook is
//! installed, it builds the book and looks into the search index; a nightly run needs it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use super::Outcome;
use crate::skipped::Skipped;
use crate::workspace::Workspace;

/// Pages outside of `docs`.
const MORE: [&str; 9] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "fixtures/README.md",
    "lint/README.md",
    "macros/README.md",
    "run/README.md",
    "tests/examples/README.md",
    "vm/README.md",
];

const SUMMARY: &str = "docs/SUMMARY.md";

pub(super) fn run(workspace: &Workspace, skipped: &Skipped) -> anyhow::Result<Outcome> {
    let root = workspace.root();
    let pages = pages(root)?;
    let mut wrong = Vec::new();
    let tests = code_of_tests(&root.join("tests"))?;
    for page in &pages {
        let text = fs::read_to_string(page).with_context(|| format!("failed to read {}", page.display()))?;
        let name = page.strip_prefix(root).unwrap_or(page).display();
        wrong.extend(broken_links(page, &text).into_iter().map(|link| format!("{name}: {link}")));
        // The documentation tests compile those of the README.
        if !page.ends_with("README.md") || page.starts_with(root.join("docs")) {
            wrong.extend(
                strangers(&text, &tests).into_iter().map(|line| format!("{name}: no test has the code of {line:?}")),
            );
        }
        // Behind the book's own folder its reader finds nothing.
        let outside =
            links(&text).into_iter().filter(|link| page.starts_with(root.join("docs")) && link.starts_with("../"));
        wrong.extend(outside.map(|link| format!("{name}: {link} is not in the book")));
    }
    let summary = fs::read_to_string(root.join(SUMMARY)).with_context(|| format!("failed to read {SUMMARY}"))?;
    let listed: BTreeSet<_> = links(&summary).into_iter().map(|link| root.join("docs").join(link)).collect();
    let docs = root.join("docs");
    let unlisted =
        |page: &&PathBuf| page.starts_with(&docs) && !page.ends_with("SUMMARY.md") && !listed.contains(*page);
    wrong.extend(pages.iter().filter(unlisted).map(|page| format!("{SUMMARY} does not list {}", page.display())));
    ensure!(wrong.is_empty(), "the book has {} mistakes:\n{}", wrong.len(), wrong.join("\n"));
    let is_installed = Command::new("mdbook").arg("--version").output().is_ok();
    if is_installed {
        return build(workspace, skipped);
    }
    Ok(Outcome::PartlyNotRun("no mdBook builds the book; `cargo install mdbook --locked` installs it".to_owned()))
}

/// Returns every page that users read, sorted.
pub(super) fn pages(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut pages: Vec<PathBuf> = MORE.iter().map(|page| root.join(page)).collect();
    for entry in fs::read_dir(root.join("docs")).context("failed to list docs")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    pages.sort();
    Ok(pages)
}

/// Returns the Rust of all files below the folder as [`bare`] text.
fn code_of_tests(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut code = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("failed to list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            code.extend(code_of_tests(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            code.push(bare(&fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?));
        }
    }
    Ok(code)
}

/// Returns the first line of each block of Rust whose code is in none of the tests. Blocks marked `ignore` are of other projects. A line
/// `…` stands for lines that the guide leaves out.
fn strangers(page: &str, tests: &[String]) -> Vec<String> {
    let blocks = page.split("```rust\n").skip(1).filter_map(|block| block.split("```").next());
    let is_strange = |block: &&str| {
        block.split("…\n").map(bare).any(|part| !tests.iter().any(|code| code.contains(part.trim_end_matches('}'))))
    };
    blocks.filter(is_strange).filter_map(|block| block.lines().next()).map(str::to_owned).collect()
}

/// Returns code without comments, white space, and the commas that rustfmt adds.
fn bare(code: &str) -> String {
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let without_comments = lines.map(|line| line.split("// ").next().unwrap_or(line));
    let text: String = without_comments.flat_map(str::chars).filter(|sign| !sign.is_whitespace()).collect();
    text.replace(",)", ")").replace(",]", "]").replace(",}", "}")
}

/// The folder of the built book; source: docs/book.toml.
const BUILT: &str = "target/book";

/// A heading that a search must find, and a word that is on no page.
const SEARCHED: (&str, &str) = ("NT107", "zyzzyva");

/// Builds the book by mdBook, and looks into its search index.
pub(super) fn build(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    let mut mdbook = Command::new("mdbook");
    mdbook.current_dir(workspace.root()).args(["build", "docs"]);
    let output = mdbook.output().context("failed to start mdbook; cargo install mdbook --locked installs it")?;
    ensure!(output.status.success(), "mdbook build docs:\n{}", String::from_utf8_lossy(&output.stderr));
    check_search(&workspace.root().join(BUILT))?;
    Ok(Outcome::Checked)
}

/// Checks that the book can be searched: its program is there, and its index has the text of the pages.
fn check_search(book: &Path) -> anyhow::Result<()> {
    let file = |start: &str| -> anyhow::Result<PathBuf> {
        let entries = fs::read_dir(book).with_context(|| format!("failed to list {}", book.display()))?;
        let mut files = entries.flatten().map(|entry| entry.path());
        // A part of the names depends on the content.
        let is_it = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(start) && path.extension().is_some_and(|extension| extension == "js")
        };
        files.find(is_it).with_context(|| format!("the book has no file {start}*.js: it has no search"))
    };
    file("searcher")?;
    let index = file("searchindex")?;
    let text = fs::read_to_string(&index).with_context(|| format!("failed to read {}", index.display()))?;
    let (heading, nowhere) = SEARCHED;
    ensure!(text.contains(heading), "a search in the book does not find {heading}");
    ensure!(!text.contains(nowhere), "the index of the search has {nowhere:?}, which is on no page");
    Ok(())
}

/// Returns the links of a page whose targets do not exist.
fn broken_links(page: &Path, text: &str) -> Vec<String> {
    let folder = page.parent().unwrap_or(Path::new("."));
    let leads_nowhere = |link: &String| {
        let (file, heading) =
            link.split_once('#').map_or((link.as_str(), None), |(file, heading)| (file, Some(heading)));
        let target = if file.is_empty() { page.to_owned() } else { folder.join(file) };
        let Some(heading) = heading else { return !target.exists() };
        fs::read_to_string(target).map_or(true, |text| !anchors(&text).contains(heading))
    };
    links(text).into_iter().filter(leads_nowhere).collect()
}

/// Returns the targets of `[text](target)` outside of code, without links to other sites.
fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    let mut is_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        if is_code {
            continue;
        }
        // Text between back ticks is code: every second piece.
        let prose: String = line.split('`').step_by(2).collect();
        for part in prose.split("](").skip(1) {
            if let Some((target, _)) = part.split_once(')')
                && !target.contains("://")
            {
                links.push(target.to_owned());
            }
        }
    }
    links
}

/// Returns the anchors that mdBook and GitHub derive from headings: lower case, `-` for spaces, otherwise only letters, digits, `-` and
/// `_`.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    headings
        .map(|heading| {
            let kept = |one: &char| one.is_alphanumeric() || matches!(one, ' ' | '-' | '_');
            heading.to_lowercase().chars().filter(kept).map(|one| if one == ' ' { '-' } else { one }).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_of_rust_is_code_of_a_test() {
        let tests = [bare("fn a() {\n    let client = net\n        .client(1, 2);\n    b();\n}\n")];
        let page = |code: &str| format!("# A page\n\n```rust\n{code}```\n\n```rust,ignore\nelsewhere()\n```\n");
        assert!(strangers(&page("let client = net.client(1, 2);   // a word\n"), &tests).is_empty());
        assert!(strangers(&page("fn a() {\n    let client = net.client(1, 2);\n    …\n}\n"), &tests).is_empty());
        assert_eq!(strangers(&page("let client = net.client(1, 3);\n"), &tests), ["let client = net.client(1, 3);"]);
    }

    #[test]
    fn a_book_without_a_search_or_with_a_page_missing_in_it_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let error = |folder: &Path| check_search(folder).unwrap_err().to_string();
        assert!(error(folder.path()).contains("no file searcher*.js"));
        fs::write(folder.path().join("searcher-1a.js"), "").unwrap();
        assert!(error(folder.path()).contains("no file searchindex*.js"));
        let index = folder.path().join("searchindex-2b.js");
        for (text, expected) in [
            ("{\"title\":\"NT106\"}", Some("does not find NT107")),
            ("{\"title\":\"NT107\"}", None),
            ("{\"title\":\"NT107\",\"body\":\"zyzzyva\"}", Some("which is on no page")),
        ] {
            fs::write(&index, text).unwrap();
            let found = check_search(folder.path()).map_err(|error| error.to_string());
            assert_eq!(found.is_err(), expected.is_some(), "{text}: {found:?}");
            assert!(found.err().is_none_or(|error| error.contains(expected.unwrap_or_default())));
        }
    }

    #[test]
    fn links_to_missing_files_and_headings_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("a.md");
        fs::write(folder.path().join("b.md"), "# The `b` page\n\n## Two words\n").unwrap();
        let text = "[b](b.md) [b](b.md#two-words) [b](b.md#the-b-page) [x](https://x.test/) [gone](c.md)\n\
                    [gone](b.md#three) `[code](d.md)`\n```\n[code](e.md)\n```\n[`code`](f.md)\n";
        fs::write(&page, text).unwrap();
        assert_eq!(broken_links(&page, text), ["c.md", "b.md#three", "f.md"]);
    }
}
