//! The YAML blocks of the guides, which users copy into files of their own.

use anyhow::{Context, bail};

/// The file that a block is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A workflow of GitHub, or steps of one.
    Workflow,
    /// `.gitlab-ci.yml`.
    Gitlab,
    /// `.pre-commit-config.yaml`.
    PreCommit,
}

/// A block as a whole file.
#[derive(Debug)]
pub(super) struct Snippet {
    /// `README.md#1` is the first block of README.md.
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) text: String,
}

/// The workflow around a block that has only steps.
const AROUND_STEPS: &str = "on: push\njobs:\n  job:\n    runs-on: ubuntu-24.04\n    steps:\n";

/// Returns the YAML blocks of a page.
///
/// # Errors
///
/// The kind of a block is unknown, so no tool could check it.
pub(super) fn of_page(page: &str, text: &str) -> anyhow::Result<Vec<Snippet>> {
    let mut snippets = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let fence = line.trim_start();
        if !matches!(fence, "```yaml" | "```yml") {
            continue;
        }
        // A block in a list is indented as its fence is.
        let indent = line.len() - fence.len();
        let block = lines.by_ref().take_while(|line| line.trim() != "```");
        let lines = block.flat_map(|line| [line.get(indent..).unwrap_or_default(), "\n"]);
        let block: String = lines.collect();
        let name = format!("{page}#{}", snippets.len() + 1);
        let (kind, text) = whole(block).with_context(|| name.clone())?;
        snippets.push(Snippet { name, kind, text });
    }
    Ok(snippets)
}

fn whole(block: String) -> anyhow::Result<(Kind, String)> {
    let has = |start: &str| block.lines().any(|line| line.starts_with(start));
    if has("jobs:") {
        Ok((Kind::Workflow, block))
    } else if has("repos:") {
        Ok((Kind::PreCommit, block))
    } else if has("- ") {
        let steps = block.lines().map(|line| format!("      {line}\n"));
        Ok((Kind::Workflow, [AROUND_STEPS.to_owned()].into_iter().chain(steps).collect()))
    } else if has("  script:") {
        Ok((Kind::Gitlab, block))
    } else {
        bail!("this YAML block is not one that this step knows how to check:\n{block}")
    }
}

/// Returns the lines of a hook in `.pre-commit-config.yaml` that the published hook does not have.
pub(super) fn strange_lines(config: &str, hooks: &str) -> Option<String> {
    let bare = |line: &str| line.trim().trim_start_matches("- ").to_owned();
    let known: Vec<_> = hooks.lines().map(bare).chain(["repos:", "repo: local", "hooks:"].map(str::to_owned)).collect();
    let strange: Vec<_> = config.lines().map(bare).filter(|line| !known.contains(line)).collect();
    (!strange.is_empty()).then(|| strange.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_block_is_found_and_becomes_a_whole_file() {
        let page = "```yaml\njobs:\n  a:\n```\n```toml\nb = 1\n```\n- c:\n\n  ```yaml\n  - run: |\n      d\n  ```\n\
                    ```yml\ne:\n  script:\n```\n```yaml\nrepos:\n```\n";
        let found: Vec<_> =
            of_page("p.md", page).unwrap().into_iter().map(|one| (one.name, one.kind, one.text)).collect();
        let expected = [
            ("p.md#1", Kind::Workflow, "jobs:\n  a:\n".to_owned()),
            ("p.md#2", Kind::Workflow, format!("{AROUND_STEPS}      - run: |\n          d\n")),
            ("p.md#3", Kind::Gitlab, "e:\n  script:\n".to_owned()),
            ("p.md#4", Kind::PreCommit, "repos:\n".to_owned()),
        ];
        assert_eq!(found, expected.map(|(name, kind, text)| (name.to_owned(), kind, text)));
    }

    #[test]
    fn a_block_that_nothing_checks_is_an_error() {
        let error = of_page("p.md", "```yaml\nservices:\n  a:\n```\n").unwrap_err();
        assert!(format!("{error:#}").starts_with("p.md#1: this YAML block is not one"), "{error:#}");
    }
}
