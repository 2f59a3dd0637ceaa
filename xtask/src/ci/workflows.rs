//! The step that checks files that users copy and files that start CI: workflows, `action.yml`, the example for GitLab, `.ci/run`, and the
//! YAML blocks of README and guides.
//!
//! actionlint checks workflows as GitHub reads them, ShellCheck checks their scripts as bash reads them, and the published schemas check
//! keys. As a control, each tool must reject broken files; otherwise its silence about the others proves nothing.

mod snippets;

use std::fmt::{self, Display};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use anstream::println;
use anyhow::{Context, bail, ensure};
use tempfile::{NamedTempFile, TempDir};

use super::scale_out::scripts_of_action;
use super::{Outcome, book};
use crate::program::run_quietly;
use crate::skipped::Skipped;
use crate::workspace::Workspace;
use snippets::Kind;

/// The folder where `.ci/run` installs the tools of `.ci/requirements.txt`.
const TOOLS: &str = "target/ci-tools/bin";

const WORKFLOWS: &str = ".github/workflows";
const EXAMPLE: &str = ".github/workflows/example-sharded.yml";
const RELEASE: &str = ".github/workflows/release.yml";
const ACTION: &str = "action.yml";
const GITLAB: &str = "docs/scale-out.gitlab-ci.yml";
const START: &str = ".ci/run";
const HOOKS: &str = ".pre-commit-hooks.yaml";

/// A deliberate mistake in a copy of a file, and a word that the tool's message must contain.
struct Control {
    what: &'static str,
    file: &'static str,
    tool: Tool,
    replace: (&'static str, &'static str),
    word: &'static str,
}

#[derive(Clone, Copy)]
enum Tool {
    /// Checks a workflow, with ShellCheck for its scripts.
    Actionlint,
    /// Checks a script, or the scripts of an action.
    Shellcheck,
    /// Checks with the schema of this name.
    Schema(&'static str),
    /// Compares a hook of pre-commit with the published one.
    Hooks,
}

impl Display for Tool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Actionlint => formatter.write_str("actionlint"),
            Self::Shellcheck => formatter.write_str("ShellCheck"),
            Self::Schema(name) => write!(formatter, "the schema {name}"),
            Self::Hooks => formatter.write_str(HOOKS),
        }
    }
}

const WORKFLOW_SCHEMA: Tool = Tool::Schema("vendor.github-workflows");
const ACTION_SCHEMA: Tool = Tool::Schema("vendor.github-actions");
const GITLAB_SCHEMA: Tool = Tool::Schema("vendor.gitlab-ci");

const CONTROLS: &[Control] = &[
    Control {
        what: "a key that there is not",
        file: EXAMPLE,
        tool: Tool::Actionlint,
        replace: ("timeout-minutes", "timeout-minuts"),
        word: "timeout-minuts",
    },
    Control {
        what: "a job that waits for one that there is not",
        file: EXAMPLE,
        tool: Tool::Actionlint,
        replace: ("needs: build", "needs: biuld"),
        word: "biuld",
    },
    Control {
        what: "a value that there is not",
        file: EXAMPLE,
        tool: Tool::Actionlint,
        replace: ("{{ matrix.part }}", "{{ matrix.prat }}"),
        word: "prat",
    },
    Control {
        what: "an expression that is none",
        file: EXAMPLE,
        tool: Tool::Actionlint,
        replace: ("join(needs.*.result, ' ')", "join(needs.*.result, ' '"),
        word: "[expression]",
    },
    Control {
        what: "an output that the action of this repository does not have",
        file: EXAMPLE,
        tool: Tool::Actionlint,
        replace: ("outputs.status", "outputs.state"),
        word: "state",
    },
    Control {
        what: "an input that an action does not have",
        file: EXAMPLE,
        tool: Tool::Actionlint,
        replace: ("retention-days", "retention-weeks"),
        word: "retention-weeks",
    },
    Control {
        what: "an action that has had its day",
        file: EXAMPLE,
        tool: Tool::Actionlint,
        replace: ("actions/checkout@v7", "actions/checkout@v4"),
        word: "deprecated",
    },
    Control {
        what: "a workflow that calls one that there is not",
        file: RELEASE,
        tool: Tool::Actionlint,
        replace: ("workflows/ci.yml", "workflows/cu.yml"),
        word: "cu.yml",
    },
    Control {
        what: "a permission that there is not",
        file: EXAMPLE,
        tool: Tool::Actionlint,
        replace: ("security-events", "security-event"),
        word: "security-event",
    },
    Control {
        what: "a script that is none",
        file: EXAMPLE,
        tool: Tool::Actionlint,
        replace: ("mkdir -p target", "if mkdir -p target"),
        word: "SC1073",
    },
    Control {
        what: "a word that bash splits",
        file: EXAMPLE,
        tool: Tool::Actionlint,
        replace: ("\"hash:$PART\"", "hash:$PART"),
        word: "SC2086",
    },
    Control {
        what: "a key that the schema does not know",
        file: EXAMPLE,
        tool: WORKFLOW_SCHEMA,
        replace: ("runs-on", "runs-at"),
        word: "runs-at",
    },
    Control {
        what: "an action of no known kind",
        file: ACTION,
        tool: ACTION_SCHEMA,
        replace: ("using: composite", "using: composit"),
        word: "composit",
    },
    Control {
        what: "a script of an action that is none",
        file: ACTION,
        tool: Tool::Shellcheck,
        replace: ("; fi", ""),
        word: "SC1073",
    },
    Control {
        what: "a number of machines that is none",
        file: GITLAB,
        tool: GITLAB_SCHEMA,
        replace: ("parallel: 4", "parallel: four"),
        word: "four",
    },
    Control {
        what: "a word that bash splits in what CI starts with",
        file: START,
        tool: Tool::Shellcheck,
        replace: ("\"${packages[@]}\"", "${packages[@]}"),
        word: "SC2068",
    },
    Control {
        what: "a workflow in a guide that nothing starts",
        file: "README.md#1",
        tool: Tool::Actionlint,
        replace: ("on: [push, pull_request]\n", ""),
        word: "\"on\" section",
    },
    Control {
        what: "a job in a guide that runs nothing",
        file: "README.md#2",
        tool: GITLAB_SCHEMA,
        replace: ("script:", "scripts:"),
        word: "test",
    },
    Control {
        what: "a step in a guide with a key that there is not",
        file: "docs/lint.md#2",
        tool: Tool::Actionlint,
        replace: ("- run: cargo install", "- rnu: cargo install"),
        word: "rnu",
    },
    Control {
        what: "a hook in a guide that is not the published one",
        file: "docs/lint.md#1",
        tool: Tool::Hooks,
        replace: ("require_serial: true", "require_serial: false"),
        word: "require_serial: false",
    },
];

pub(super) fn run(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    let checks = Checks { workspace, tools: workspace.root().join(TOOLS) };
    ensure!(
        checks.tools.join("actionlint").is_file(),
        "there are no tools in {TOOLS}: .ci/run installs them, or python3 -m venv target/ci-tools && \
         target/ci-tools/bin/pip install -r .ci/requirements.txt"
    );
    let workflows = checks.workflows()?;
    ensure!(workflows.iter().any(|file| file == EXAMPLE), "{EXAMPLE} is not among the workflows");
    let mut in_guides = Vec::new();
    for page in book::pages(workspace.root())? {
        let name = page.strip_prefix(workspace.root()).unwrap_or(&page).display().to_string();
        in_guides.extend(snippets::of_page(&name, &checks.text(&name)?)?);
    }
    let of_workflows = workflows.iter().flat_map(|file| [(&file[..], Tool::Actionlint), (&file[..], WORKFLOW_SCHEMA)]);
    let others =
        [(ACTION, ACTION_SCHEMA), (ACTION, Tool::Shellcheck), (GITLAB, GITLAB_SCHEMA), (START, Tool::Shellcheck)];
    let of_guides = in_guides.iter().flat_map(|snippet| {
        let tools: &[Tool] = match snippet.kind {
            Kind::Workflow => &[Tool::Actionlint, WORKFLOW_SCHEMA],
            Kind::Gitlab => &[GITLAB_SCHEMA],
            Kind::PreCommit => &[Tool::Hooks],
        };
        tools.iter().map(|tool| (&snippet.name[..], *tool))
    });
    for (file, tool) in of_workflows.chain(others).chain(of_guides) {
        if let Some(complaint) = checks.complaint(tool, file, &checks.text(file)?)? {
            bail!("{file} is refused by {tool}:\n{complaint}");
        }
        println!("{file}: {tool} has nothing to say");
    }
    for Control { what, file, tool, replace: (right, wrong), word } in CONTROLS {
        let text = checks.text(file)?;
        ensure!(text.contains(right), "{file} has no {right:?} any more: the control of {what} has to change");
        match checks.complaint(*tool, file, &text.replace(right, wrong))? {
            Some(complaint) if complaint.contains(word) => println!("refused: {what}"),
            Some(complaint) => bail!("{what} is refused by {tool} without a word of {word}:\n{complaint}"),
            None => bail!("{tool} does not see {what}: {right:?} as {wrong:?} in {file}"),
        }
    }
    Ok(Outcome::Checked)
}

struct Checks<'a> {
    workspace: &'a Workspace,
    tools: PathBuf,
}

impl Checks<'_> {
    fn workflows(&self) -> anyhow::Result<Vec<String>> {
        let mut workflows = Vec::new();
        for entry in fs::read_dir(self.workspace.root().join(WORKFLOWS)).context("failed to list the workflows")? {
            let name = entry.context("failed to list the workflows")?.file_name();
            workflows.push(format!("{WORKFLOWS}/{}", name.to_str().context("a workflow's name is no UTF-8")?));
        }
        workflows.sort();
        Ok(workflows)
    }

    /// Returns the text of a file, or of a YAML block of a page.
    fn text(&self, file: &str) -> anyhow::Result<String> {
        let page = file.split('#').next().unwrap_or(file);
        let text =
            fs::read_to_string(self.workspace.root().join(page)).with_context(|| format!("failed to read {page}"))?;
        if page == file {
            return Ok(text);
        }
        let found = snippets::of_page(page, &text)?.into_iter().find(|snippet| snippet.name == file);
        Ok(found.with_context(|| format!("there is no {file}"))?.text)
    }

    /// Returns the tool's message about this text, as if the text were the file's content.
    fn complaint(&self, tool: Tool, file: &str, text: &str) -> anyhow::Result<Option<String>> {
        match tool {
            Tool::Actionlint => {
                // Needs a repository with all that `uses:` names: if the action is missing, actionlint does not check its inputs, and a
                // workflow that another one calls must be there.
                let repository = TempDir::with_prefix("netns-checked-").context("failed to make a folder")?;
                for folder in [".git", WORKFLOWS] {
                    fs::create_dir_all(repository.path().join(folder)).context("failed to make a folder")?;
                }
                // It checks the workflows of a repository only in their folder.
                let file = if file.starts_with(WORKFLOWS) { file } else { EXAMPLE };
                for other in self.workflows()?.iter().map(String::as_str).chain([ACTION]) {
                    fs::write(repository.path().join(other), self.text(other)?).context("failed to write a copy")?;
                }
                fs::write(repository.path().join(file), text).context("failed to write a copy")?;
                let mut actionlint = Command::new(self.tools.join("actionlint"));
                actionlint.arg("-no-color").arg("-shellcheck").arg(self.tools.join("shellcheck")).arg(file);
                self.said(actionlint.current_dir(repository.path()))
            }
            Tool::Schema(name) => {
                let written = written(text, ".yml")?;
                let mut check = Command::new(self.tools.join("check-jsonschema"));
                check.args(["--builtin-schema", name]);
                if name == "vendor.gitlab-ci" {
                    check.args(["--data-transform", "gitlab-ci"]);
                }
                self.said(check.arg(written.path()))
            }
            Tool::Hooks => Ok(snippets::strange_lines(text, &self.text(HOOKS)?)),
            Tool::Shellcheck => {
                // SC2153: a script of an action uses variables from `env:` that it does not set.
                let (scripts, excluded) = if file == ACTION {
                    (scripts_of_action(text)?, "--exclude=SC2153")
                } else {
                    (vec![text.to_owned()], "--exclude=")
                };
                for script in scripts {
                    let written = written(&script, ".sh")?;
                    let mut shellcheck = Command::new(self.tools.join("shellcheck"));
                    shellcheck.args(["--color=never", "--shell=bash", excluded]).arg(written.path());
                    let said = self.said(&mut shellcheck)?;
                    if said.is_some() {
                        return Ok(said);
                    }
                }
                Ok(None)
            }
        }
    }

    /// Returns the output of a tool that did not succeed.
    fn said(&self, tool: &mut Command) -> anyhow::Result<Option<String>> {
        let (ended, printed) = run_quietly(tool.env("TMPDIR", self.workspace.temporary_folder()))?;
        ensure!(ended.success || !printed.is_empty(), "{} {} without a word", ended.program, ended.how);
        Ok((!ended.success).then_some(printed))
    }
}

fn written(text: &str, suffix: &str) -> anyhow::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix("netns-checked-").suffix(suffix).tempfile()?;
    file.write_all(text.as_bytes()).context("failed to write a copy")?;
    Ok(file)
}
