//! The step that checks the book: the summary lists every page of `docs`, and every link between files leads to an existing file and, where
//! it has an anchor, to a heading. It does not follow links to other sites. If mdBook is installed, it builds the book.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use super::Outcome;
use super::skipped::Skipped;
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
    let mut pages: Vec<PathBuf> = MORE.iter().map(|page| root.join(page)).collect();
    for entry in fs::read_dir(root.join("docs")).context("failed to list docs")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    let mut wrong = Vec::new();
    for page in &pages {
        let text = fs::read_to_string(page).with_context(|| format!("failed to read {}", page.display()))?;
        let name = page.strip_prefix(root).unwrap_or(page).display();
        wrong.extend(broken_links(page, &text).into_iter().map(|link| format!("{name}: {link}")));
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
    build(workspace, skipped)
}

/// Builds the book, if mdBook is installed.
pub(super) fn build(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    let mut mdbook = Command::new("mdbook");
    mdbook.current_dir(workspace.root()).args(["build", "docs"]);
    match mdbook.output() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Outcome::PartlyNotRun(
            "mdBook is not installed, so that the book was not built; `cargo install mdbook` installs it".to_owned(),
        )),
        output => {
            let output = output.context("failed to start mdbook")?;
            ensure!(output.status.success(), "mdbook build docs:\n{}", String::from_utf8_lossy(&output.stderr));
            Ok(Outcome::Checked)
        }
    }
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
