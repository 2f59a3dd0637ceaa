//! Runs the jobs of a workflow one after the other: each on its own machine, which is a folder without files of the others.
//!
//! bash runs `run:` as on GitHub. Actions in `uses:` have a local substitute that does the same with folders; an action without one is an
//! error. Of this repository's own action everything runs except its installation.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anstream::eprintln;
use anyhow::{Context, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::workflow::{Action, Contexts, Job, Step, Workflow};
use crate::program::run_quietly;
use crate::workspace::copy_folder;

/// Steps that change the machine. This machine must already be set up; `cargo xtask doctor` reports whether it is.
const NOT_RUN_HERE: &[&str] = &["sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"];

/// Variables that describe the surrounding run.
const OF_THIS_RUN: &[&str] = &["CARGO_PKG_", "CARGO_MANIFEST_", "NEXTEST", "NETNS_TEST_", "GITHUB_", "RUNNER_"];

/// The state that all machines share.
pub(super) struct Runner<'a> {
    /// The workflow.
    pub(super) workflow: &'a Workflow,
    /// This repository's action, for `uses: ./`.
    pub(super) action: &'a Action,
    /// The folder of the file `cargo-netns-lint`, which the action would install.
    pub(super) lint: &'a Path,
    /// The content of a checkout.
    pub(super) repository: &'a Path,
    /// The earlier build results of cargo, for jobs that need no other job: the equivalent of a service's cache, without which they would
    /// build for minutes.
    pub(super) cache: &'a Path,
    /// Variables of every step.
    pub(super) environment: BTreeMap<String, String>,
}

/// The result of a job, in GitHub's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Success,
    Failure,
    Skipped,
}

impl Ended {
    fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Skipped => "skipped",
        }
    }
}

/// The results of jobs, and their output.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) jobs: BTreeMap<String, Ended>,
    /// The titles of the failed steps, with their job and part.
    pub(super) failed_steps: Vec<String>,
    /// The summary that the jobs show on the page of the run.
    pub(super) summary: String,
    /// All output.
    pub(super) output: String,
}

/// The kept artifacts, one folder for each.
pub(super) struct Artifacts(TempDir);

impl Artifacts {
    pub(super) fn none() -> anyhow::Result<Self> {
        Ok(Self(TempDir::with_prefix("netns-artifacts-").context("failed to make a folder for artifacts")?))
    }

    pub(super) fn folder(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Returns the names that start with this text.
    pub(super) fn names(&self, start: &str) -> anyhow::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.0.path()).context("failed to list the artifacts")? {
            names.push(entry.context("failed to list the artifacts")?.file_name().to_string_lossy().into_owned());
        }
        names.retain(|name| name.starts_with(start));
        names.sort();
        Ok(names)
    }
}

/// Hides the build results of the building machine, because other machines do not have them. Dropping it restores them.
struct Elsewhere {
    place: PathBuf,
    away: PathBuf,
}

impl Elsewhere {
    fn of(place: &Path) -> anyhow::Result<Self> {
        let elsewhere = Self { place: place.to_owned(), away: place.with_extension("elsewhere") };
        fs::rename(&elsewhere.place, &elsewhere.away).context("failed to move what was built out of the way")?;
        Ok(elsewhere)
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        if let Err(error) = fs::rename(&self.away, &self.place) {
            eprintln!("{} is lost to the next run: {error}", self.away.display());
        }
    }
}

/// One machine in the middle of its job.
struct Machine {
    /// Present if this is not the machine that builds.
    _built: Option<Elsewhere>,
    /// The folder of the checkout; guards both folders.
    workspace: TempDir,
    temporary: TempDir,
    contexts: Contexts,
    /// Variables of all steps.
    environment: BTreeMap<String, String>,
}

impl Runner<'_> {
    /// Runs all jobs, each after the jobs that it needs.
    pub(super) fn run(&self, artifacts: &Artifacts) -> anyhow::Result<Log> {
        let mut log = Log::default();
        while log.jobs.len() < self.workflow.jobs.len() {
            let ready = self.workflow.jobs.iter().find(|(name, job)| {
                !log.jobs.contains_key(*name) && job.needs().iter().all(|needed| log.jobs.contains_key(needed))
            });
            let (name, _) = ready.context("the jobs wait for each other, or for one that is not there")?;
            self.run_job(name, artifacts, &mut log)?;
        }
        Ok(log)
    }

    /// Runs one job; `log` has the results of the earlier jobs.
    pub(super) fn run_job(&self, name: &str, artifacts: &Artifacts, log: &mut Log) -> anyhow::Result<()> {
        let job = self.workflow.jobs.get(name).with_context(|| format!("the workflow has no job {name}"))?;
        let comes_to_run = job.runs_always()? || job.needs().iter().all(|needed| log.jobs[needed] == Ended::Success);
        let ended = match job.parts() {
            _ if !comes_to_run => Ended::Skipped,
            None => self.run_machine(name, None, artifacts, log)?,
            Some(parts) => {
                let mut all = Ended::Success;
                for &part in parts {
                    if self.run_machine(name, Some((part, parts.len())), artifacts, log)? != Ended::Success {
                        all = Ended::Failure;
                    }
                }
                all
            }
        };
        log.jobs.insert(name.to_owned(), ended);
        Ok(())
    }

    /// Runs a job on one machine, for one part of the matrix.
    pub(super) fn run_machine(
        &self,
        name: &str,
        part: Option<(u32, usize)>,
        artifacts: &Artifacts,
        log: &mut Log,
    ) -> anyhow::Result<Ended> {
        let job = &self.workflow.jobs[name];
        let mut machine = self.machine(job, part, log)?;
        let mut ended = Ended::Success;
        for step in &job.steps {
            if ended != Ended::Success && !step.runs_always()? {
                continue;
            }
            let good = self.step(step, &mut machine, artifacts, log);
            if good.with_context(|| format!("the step {:?} of the job {name}", step.title()))? {
                continue;
            }
            if !step.continue_on_error {
                let part = part.map(|(part, _)| format!(" {part}")).unwrap_or_default();
                log.failed_steps.push(format!("{name}{part}: {}", step.title()));
                ended = Ended::Failure;
            }
        }
        log.summary += &fs::read_to_string(machine.temporary.path().join("summary")).unwrap_or_default();
        Ok(ended)
    }

    fn machine(&self, job: &Job, part: Option<(u32, usize)>, log: &Log) -> anyhow::Result<Machine> {
        let folder = || TempDir::with_prefix("netns-machine-").context("failed to make a machine's folder");
        let (workspace, temporary) = (folder()?, folder()?);
        let mut contexts = Contexts::default();
        contexts.set("github.workspace", workspace.path().display().to_string());
        let results: Vec<&str> =
            job.needs().iter().map(|job| log.jobs.get(job).map_or("success", |ended| ended.word())).collect();
        contexts.set("join(needs.*.result, ' ')", results.join(" "));
        if let Some((part, parts)) = part {
            contexts.set("matrix.part", part.to_string());
            contexts.set("strategy.job-total", parts.to_string());
        }
        let mut environment = self.environment.clone();
        let mut set = |name: &str, path: &Path| environment.insert(name.to_owned(), path.display().to_string());
        set("GITHUB_WORKSPACE", workspace.path());
        set("GITHUB_STEP_SUMMARY", &temporary.path().join("summary"));
        set("RUNNER_TEMP", temporary.path());
        let mut built = None;
        if job.needs().is_empty() {
            set("CARGO_TARGET_DIR", self.cache);
        } else {
            built = Some(Elsewhere::of(self.cache)?);
        }
        Ok(Machine { _built: built, workspace, temporary, contexts, environment })
    }

    /// Runs a step; returns whether it succeeded.
    fn step(&self, step: &Step, machine: &mut Machine, artifacts: &Artifacts, log: &mut Log) -> anyhow::Result<bool> {
        match (&step.uses, &step.run) {
            (None, Some(script)) => machine.script(step, script, &[], log),
            (Some(uses), None) => {
                let with = machine.contexts.expand_all(&step.with)?;
                let text = |name: &str| with.get(name).map(String::as_str);
                match uses.split_once('@').map_or(&uses[..], |(action, _)| action) {
                    "actions/checkout" => copy_folder(self.repository, machine.workspace.path()).map(|()| true),
                    // The tool is already installed here.
                    "taiki-e/install-action" => Ok(true),
                    "actions/upload-artifact" => {
                        let name = text("name").context("an artifact has no name")?;
                        upload(machine, text("path").context("an artifact has no path")?, &artifacts.folder(name))
                    }
                    "actions/download-artifact" => {
                        download(machine, text("name"), text("pattern"), text("path"), artifacts)
                    }
                    "github/codeql-action/upload-sarif" => is_sarif(machine, text("sarif_file")),
                    "./" => self.own_action(step, &with, machine, log),
                    other => bail!("there is no stand-in here for the action {other}"),
                }
            }
            _ => bail!("a step is a script or an action"),
        }
    }

    /// Runs this repository's action, with the program at the path of its installation.
    fn own_action(
        &self,
        step: &Step,
        with: &BTreeMap<String, String>,
        machine: &mut Machine,
        log: &mut Log,
    ) -> anyhow::Result<bool> {
        let bin = machine.temporary.path().join("netns-lint/bin");
        fs::create_dir_all(&bin).context("failed to make the folder of the lint")?;
        symlink(self.lint, bin.join("cargo-netns-lint")).context("failed to link the lint")?;
        let unknown = with.keys().find(|name| !self.action.inputs.contains_key(*name));
        ensure!(unknown.is_none(), "the action has no input {unknown:?}");
        for (name, input) in &self.action.inputs {
            let value = with.get(name).cloned().unwrap_or_else(|| input.default.text());
            machine.contexts.set(format!("inputs.{name}"), value);
        }
        let mut good = true;
        for inner in self.action.runs.steps.iter().filter(|inner| inner.title() != "Install") {
            ensure!(inner.shell.as_deref() == Some("bash"), "a step of an action needs `shell: bash`");
            let script = inner.run.as_deref().context("a step of the action has no script")?;
            good = machine.script(inner, script, &["-o", "pipefail"], log)?;
            if !good {
                break;
            }
        }
        for (name, output) in &self.action.outputs {
            // Outputs of a step that did not run are empty.
            let value = machine.contexts.expand(&output.value).unwrap_or_default();
            let id = step.id.as_deref().unwrap_or_default();
            machine.contexts.set(format!("steps.{id}.outputs.{name}"), value);
        }
        Ok(good)
    }
}

impl Machine {
    /// Runs a script as GitHub does: with bash, which exits at the first command that fails.
    fn script(&mut self, step: &Step, script: &str, options: &[&str], log: &mut Log) -> anyhow::Result<bool> {
        let script = self.contexts.expand(script)?;
        if NOT_RUN_HERE.contains(&script.trim()) {
            writeln!(log.output, "not run here: {}", script.trim())?;
            return Ok(true);
        }
        let output = self.temporary.path().join("output");
        fs::write(&output, "").context("failed to make the file of a step's outputs")?;
        let mut bash = Command::new("bash");
        bash.current_dir(self.workspace.path())
            .args(["--noprofile", "--norc", "-e"])
            .args(options)
            .args(["-c", &script]);
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| OF_THIS_RUN.iter().any(|start| name.starts_with(start))) {
                bash.env_remove(name);
            }
        }
        bash.env_remove("CARGO_TARGET_DIR").env("GITHUB_OUTPUT", &output);
        bash.envs(&self.environment).envs(self.contexts.expand_all(&step.env)?);
        let (ended, printed) = run_quietly(&mut bash)?;
        writeln!(log.output, "$ {}\n{printed}", script.trim_end())?;
        for line in fs::read_to_string(&output).context("failed to read a step's outputs")?.lines() {
            let (name, value) = line.split_once('=').context("an output has no value")?;
            let id = step.id.as_deref().context("a step with outputs has no id")?;
            self.contexts.set(format!("steps.{id}.outputs.{name}"), value);
        }
        Ok(ended.success)
    }
}

/// `actions/upload-artifact` for a file, or for the content of a folder. A missing file is a failure: `if-no-files-found: error`.
fn upload(machine: &Machine, path: &str, artifact: &Path) -> anyhow::Result<bool> {
    ensure!(!artifact.exists(), "there is an artifact of that name already");
    let path = machine.workspace.path().join(path);
    let Some(name) = path.file_name().filter(|_| path.exists()) else { return Ok(false) };
    if path.is_dir() {
        copy_folder(&path, artifact)?;
    } else {
        fs::create_dir(artifact).context("failed to make an artifact's folder")?;
        fs::copy(&path, artifact.join(name)).context("failed to copy an artifact")?;
    }
    Ok(true)
}

/// `actions/download-artifact`: one artifact by its name, or those that match a pattern, each into its own folder.
fn download(
    machine: &Machine,
    name: Option<&str>,
    pattern: Option<&str>,
    path: Option<&str>,
    artifacts: &Artifacts,
) -> anyhow::Result<bool> {
    let to = machine.workspace.path().join(path.unwrap_or("."));
    match (name, pattern) {
        (Some(name), None) => {
            let artifact = artifacts.folder(name);
            let found = artifact.is_dir();
            if found {
                copy_folder(&artifact, &to)?;
            }
            Ok(found)
        }
        (None, Some(pattern)) => {
            let start = pattern.strip_suffix('*').context("a pattern here ends with *")?;
            for name in artifacts.names(start)? {
                copy_folder(&artifacts.folder(&name), &to.join(&name))?;
            }
            Ok(true)
        }
        _ => bail!("artifacts are taken by name or by pattern"),
    }
}

/// `github/codeql-action/upload-sarif` rejects files that are not SARIF 2.1.0. A test of the lint checks the schema.
fn is_sarif(machine: &Machine, file: Option<&str>) -> anyhow::Result<bool> {
    let path = machine.workspace.path().join(file.context("no file of SARIF is named")?);
    let Ok(text) = fs::read_to_string(path) else { return Ok(false) };
    let report: Value = serde_json::from_str(&text).unwrap_or_default();
    Ok(report["version"] == "2.1.0" && report["runs"][0]["results"].is_array())
}
