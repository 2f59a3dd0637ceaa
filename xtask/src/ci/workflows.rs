//! The step that checks files that users copy and files that start CI: workflows, `action.yml`, the example for GitLab, `.ci/run`.
//!
//! actionlint checks workflows as GitHub reads them, ShellCheck checks their scripts as bash reads them, and the published schemas check
//! keys. As a control, each tool must reject broken files; otherwise its silence about the others proves nothing.

use std::fmt::{self, Display};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use anstream::println;
use anyhow::{Context, bail, ensure};
use tempfile::{NamedTempFile, TempDir};

use super::Outcome;
use super::scale_out::scripts_of_action;
use crate::program::run_quietly;
use crate::skipped::Skipped;
use crate::workspace::Workspace;

/// The folder where `.ci/run` installs the tools of `.ci/requirements.txt`.
const TOOLS: &str = "target/ci-tools/bin";

const WORKFLOWS: &str = ".github/workflows";
const EXAMPLE: &str = ".github/workflows/example-sharded.yml";
const ACTION: &str = "action.yml";
const GITLAB: &str = "docs/scale-out.gitlab-ci.yml";
const START: &str = ".ci/run";

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
}

impl Display for Tool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Actionlint => formatter.write_str("actionlint"),
            Self::Shellcheck => formatter.write_str("ShellCheck"),
            Self::Schema(name) => write!(formatter, "the schema {name}"),
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
];

pub(super) fn run(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    let checks = Checks { workspace, tools: workspace.root().join(TOOLS) };
    ensure!(
        checks.tools.join("actionlint").is_file(),
        "there are no tools in {TOOLS}: .ci/run installs them, or python3 -m venv target/ci-tools && \
         target/ci-tools/bin/pip install -r .ci/requirements.txt"
    );
    let mut workflows = Vec::new();
    for entry in fs::read_dir(workspace.root().join(WORKFLOWS)).context("failed to list the workflows")? {
        let name = entry.context("failed to list the workflows")?.file_name();
        workflows.push(format!("{WORKFLOWS}/{}", name.to_str().context("a workflow's name is no UTF-8")?));
    }
    workflows.sort();
    ensure!(workflows.iter().any(|file| file == EXAMPLE), "{EXAMPLE} is not among the workflows");
    let of_workflows = workflows.iter().flat_map(|file| [(&file[..], Tool::Actionlint), (&file[..], WORKFLOW_SCHEMA)]);
    let others =
        [(ACTION, ACTION_SCHEMA), (ACTION, Tool::Shellcheck), (GITLAB, GITLAB_SCHEMA), (START, Tool::Shellcheck)];
    for (file, tool) in of_workflows.chain(others) {
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
    fn text(&self, file: &str) -> anyhow::Result<String> {
        fs::read_to_string(self.workspace.root().join(file)).with_context(|| format!("failed to read {file}"))
    }

    /// Returns the tool's message about this text, as if the text were the file's content.
    fn complaint(&self, tool: Tool, file: &str, text: &str) -> anyhow::Result<Option<String>> {
        match tool {
            Tool::Actionlint => {
                // Needs a repository with the action of `uses: ./`: if the action is missing, actionlint does not check its inputs.
                let repository = TempDir::with_prefix("netns-checked-").context("failed to make a folder")?;
                for folder in [".git", WORKFLOWS] {
                    fs::create_dir_all(repository.path().join(folder)).context("failed to make a folder")?;
                }
                for (file, text) in [(ACTION, &self.text(ACTION)?[..]), (file, text)] {
                    fs::write(repository.path().join(file), text).context("failed to write a copy")?;
                }
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
