//! The step that spreads a suite over machines. It runs `.github/workflows/example-sharded.yml` unchanged on the repository of a user, and
//! compares the results with one run of the whole suite. Then it repeats this with changes that must make the workflow fail.

mod junit;
mod repository;
mod runner;
mod workflow;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anstream::println;
use anyhow::{Context, bail, ensure};
use comfy_table::{CellAlignment, Table, presets};
use netns_vm::{Counts, SKIP_RECORD};
use tempfile::TempDir;

use super::{Outcome, check};
use crate::program::{run_quietly, this_program};
use crate::skipped::Skipped;
use crate::workspace::{Workspace, copy_folder};
use junit::Case;
use runner::{Artifacts, Ended, Log, Runner};
use workflow::{Action, Workflow};

const WORKFLOW: &str = ".github/workflows/example-sharded.yml";

/// Other files with the same commands, and their notation for a machine's part.
const SAME_COMMANDS: &[(&str, &str)] = &[("docs/scale-out.md", "1/4"), ("docs/scale-out.gitlab-ci.yml", "$PART")];

/// Tests of the suite `spread`, with nextest's id of its binary.
const SKIPPED: &str = "is_skipped_everywhere";
const FAILS: &str = "suite-of-a-user::spread fails_where_it_is_asked_to";
const IGNORED: &str = "suite-of-a-user::spread is_ignored";

/// The variable that makes the suite fail.
const ASK_TO_FAIL: &str = "SPREAD_FAILS";

/// A part without tests, because there are more parts than tests; the step reports when that changes.
const NOBODYS_PART: (u32, usize) = (1, 1000);

pub(super) fn run(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    for (file, part) in SAME_COMMANDS {
        has_the_same_commands(workspace, file, part)?;
    }
    check(workspace.cargo().args(["build", "--quiet", "--package", "netns-lint"]))?;
    let text = fs::read_to_string(workspace.root().join(WORKFLOW)).context("failed to read the workflow")?;
    let repository = repository::make(workspace)?;
    let scene = Scene {
        workflow: workflow::parse(&text).with_context(|| format!("failed to understand {WORKFLOW}"))?,
        strict: workflow::parse(&text.replace("NETNS_TEST_SKIPS: allow", "NETNS_TEST_SKIPS: fail"))?,
        action: workflow::read(&workspace.root().join("action.yml"))?,
        // Cargo builds all programs of the workspace into one folder.
        lint: this_program()?.with_file_name("cargo-netns-lint"),
        cache: workspace.root().join("target/scale-out/target"),
        temporary: workspace.temporary_folder(),
        repository,
    };
    let artifacts = Artifacts::none()?;
    let counts = scene.all_parts_are_the_whole(workspace, &artifacts)?;
    println!("what has to fail:");
    scene.a_test_that_fails()?;
    scene.a_part_that_is_missing_or_there_twice(&artifacts)?;
    scene.a_part_without_tests(&artifacts)?;
    scene.a_skip_where_none_is_allowed(&artifacts)?;
    Ok(Outcome::Tested { counts, success: true, failures: Vec::new() })
}

/// Returns the scripts of an action's steps, from its `action.yml`.
pub(super) fn scripts_of_action(text: &str) -> anyhow::Result<Vec<String>> {
    let action: Action = workflow::parse(text).context("failed to understand the action")?;
    Ok(action.runs.steps.into_iter().filter_map(|step| step.run).collect())
}

struct Scene {
    workflow: Workflow,
    /// The workflow with skips turned into failures.
    strict: Workflow,
    action: Action,
    lint: PathBuf,
    repository: PathBuf,
    cache: PathBuf,
    /// The folder for temporary files of programs.
    temporary: PathBuf,
}

impl Scene {
    fn runner<'a>(&'a self, workflow: &'a Workflow, environment: &[(&str, &str)]) -> Runner<'a> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let temporary = ("TMPDIR".to_owned(), self.temporary.display().to_string());
        Runner {
            workflow,
            action: &self.action,
            lint: &self.lint,
            repository: &self.repository,
            cache: &self.cache,
            environment: environment.iter().map(owned).chain([temporary]).collect(),
        }
    }

    /// Checks that every listed test ran in exactly one part, and that all parts together report the same as one run of the whole suite.
    fn all_parts_are_the_whole(&self, workspace: &Workspace, artifacts: &Artifacts) -> anyhow::Result<Counts> {
        let log = self.runner(&self.workflow, &[]).run(artifacts)?;
        if let Some((job, ended)) = log.jobs.iter().find(|(_, ended)| **ended != Ended::Success) {
            bail!("the job {job} ended with {ended:?}, by {:?}:\n{}", log.failed_steps, log.output);
        }
        let listed = fs::read_to_string(artifacts.folder("listed").join("listed.txt")).context("nothing was listed")?;
        let listed: BTreeSet<&str> = listed.lines().collect();
        let parts = parts(artifacts)?;
        ensure!(Some(parts.len()) == self.workflow.jobs["test"].parts().map(<[u32]>::len), "a part has no report");
        let mut seen = BTreeMap::new();
        for case in parts.iter().flat_map(|part| &part.cases) {
            *seen.entry(&case.name[..]).or_insert(0) += 1;
        }
        ensure!(seen.values().all(|&times| times == 1), "tests ran in more than one part: {seen:?}");
        ensure!(seen.keys().copied().eq(listed.iter().copied()), "listed: {listed:?}\nran: {seen:?}");
        ensure!(listed.contains(FAILS) && !listed.contains(IGNORED), "the list is not the suite's: {listed:?}");

        let whole = self.whole(workspace)?;
        let mut together = Part { name: "together".to_owned(), ..Part::default() };
        for part in &parts {
            together.cases.extend(part.cases.iter().cloned());
            together.skipped.extend(part.skipped.iter().cloned());
        }
        together.cases.sort();
        ensure!(
            (&together.cases, &together.skipped) == (&whole.cases, &whole.skipped),
            "the parts are not the whole:\n{together:?}\n{whole:?}"
        );
        ensure!(whole.skipped.len() == 1, "one test of the suite is skipped, and the record has {:?}", whole.skipped);
        ensure!(log.summary.contains(SKIPPED), "the page of the run does not name the skipped test: {}", log.summary);
        ensure!(parts.iter().all(|part| !part.cases.is_empty()), "a part has no tests");
        print(&parts.iter().chain([&together, &whole]).collect::<Vec<_>>());
        Ok(whole.counts())
    }

    /// Runs the whole suite once, without an archive and without parts.
    fn whole(&self, workspace: &Workspace) -> anyhow::Result<Part> {
        let folder = TempDir::with_prefix("netns-whole-").context("failed to make a folder")?;
        copy_folder(&self.repository, folder.path())?;
        let results = folder.path().join("target/nextest/ci");
        fs::create_dir_all(&results).context("failed to make a folder")?;
        let record = results.join("skipped.txt");
        fs::write(&record, "").context("failed to make a record of skips")?;
        let mut nextest = workspace.cargo();
        nextest.current_dir(folder.path()).args(["nextest", "run", "--workspace", "--profile", "ci"]);
        nextest.env("CARGO_TARGET_DIR", &self.cache).env(SKIP_RECORD, &record);
        let (ended, printed) = run_quietly(&mut nextest)?;
        ensure!(ended.success, "{} {}\n{printed}", ended.program, ended.how);
        Part::read("one run", &results)
    }

    /// One part fails and reports it. The other parts do not hide the failure, and the last job fails.
    fn a_test_that_fails(&self) -> anyhow::Result<()> {
        let artifacts = Artifacts::none()?;
        let log = self.runner(&self.workflow, &[(ASK_TO_FAIL, "1")]).run(&artifacts)?;
        let ended = |job: &str| log.jobs[job];
        ensure!(
            (ended("build"), ended("test"), ended("complete")) == (Ended::Success, Ended::Failure, Ended::Failure),
            "a failing test made these of the jobs: {:?}\n{}",
            log.jobs,
            log.output
        );
        let parts = parts(&artifacts)?;
        let failing: Vec<&Part> = parts.iter().filter(|part| part.cases.iter().any(|case| case.failed)).collect();
        let [part] = &failing[..] else { bail!("{} parts have a failed test, not one: {parts:?}", failing.len()) };
        let failed: Vec<&str> = part.cases.iter().filter(|case| case.failed).map(|case| &case.name[..]).collect();
        ensure!(failed == [FAILS], "the report names {failed:?} as failed");
        let number = part.name.trim_start_matches("part-");
        let expected = [format!("test {number}: Run this machine's part"), "complete: Every job succeeded".to_owned()];
        ensure!(log.failed_steps == expected, "these steps failed: {:?}", log.failed_steps);
        told("a failing test", &log);
        Ok(())
    }

    /// All jobs report success, and the last job still fails.
    fn a_part_that_is_missing_or_there_twice(&self, artifacts: &Artifacts) -> anyhow::Result<()> {
        for (what, changed) in [("a missing part", false), ("a part that ran twice", true)] {
            let copies = Artifacts::none()?;
            for name in artifacts.names("")?.iter().filter(|name| changed || *name != "part-3") {
                copy_folder(&artifacts.folder(name), &copies.folder(name))?;
            }
            if changed {
                copy_folder(&artifacts.folder("part-3"), &copies.folder("part-5"))?;
            }
            let mut log = Log::default();
            self.runner(&self.workflow, &[]).run_job("complete", &copies, &mut log)?;
            let expected = ["complete: Every test ran in exactly one part"];
            ensure!(log.failed_steps == expected, "{what} made these steps fail: {:?}", log.failed_steps);
            for case in Part::read("part-3", &artifacts.folder("part-3"))?.cases {
                ensure!(log.output.contains(&case.name), "{what} does not name {}:\n{}", case.name, log.output);
            }
            told(what, &log);
        }
        Ok(())
    }

    /// A part without tests fails, even if `NEXTEST_NO_TESTS` asks for a pass.
    fn a_part_without_tests(&self, artifacts: &Artifacts) -> anyhow::Result<()> {
        let mut log = Log::default();
        let runner = self.runner(&self.workflow, &[("NEXTEST_NO_TESTS", "pass")]);
        let one = Artifacts::none()?;
        copy_folder(&artifacts.folder("tests"), &one.folder("tests"))?;
        let ended = runner.run_machine("test", Some(NOBODYS_PART), &one, &mut log)?;
        ensure!(log.output.contains("no tests to run"), "{NOBODYS_PART:?} has tests now, take another\n{}", log.output);
        ensure!(ended == Ended::Failure, "a part without tests passes\n{}", log.output);
        told("a part without tests", &log);
        Ok(())
    }

    /// Covers `NETNS_TEST_SKIPS: fail` in the workflow.
    fn a_skip_where_none_is_allowed(&self, artifacts: &Artifacts) -> anyhow::Result<()> {
        let mut log = Log::default();
        let one = Artifacts::none()?;
        copy_folder(&artifacts.folder("tests"), &one.folder("tests"))?;
        let ended = self.runner(&self.strict, &[]).run_machine("test", Some((1, 1)), &one, &mut log)?;
        ensure!(ended == Ended::Failure, "a skip passes where none is allowed\n{}", log.output);
        let failed: Vec<Case> =
            Part::read("part-1", &one.folder("part-1"))?.cases.into_iter().filter(|case| case.failed).collect();
        ensure!(
            failed.len() == 1 && failed[0].name.ends_with(SKIPPED),
            "where no skip is allowed, these fail: {failed:?}\n{}",
            log.output
        );
        told("a skip where none is allowed", &log);
        Ok(())
    }
}

/// The files that a machine uploads for its part.
#[derive(Debug, Default)]
struct Part {
    name: String,
    /// Test cases in order of their names.
    cases: Vec<Case>,
    /// Skipped tests with their reasons, in order.
    skipped: BTreeSet<String>,
}

impl Part {
    fn read(name: &str, folder: &Path) -> anyhow::Result<Self> {
        let text =
            |file: &str| fs::read_to_string(folder.join(file)).with_context(|| format!("{name} has brought no {file}"));
        let mut cases = junit::read(&text("junit.xml")?).with_context(|| format!("the report of {name}"))?;
        cases.sort();
        Ok(Self { name: name.to_owned(), cases, skipped: text("skipped.txt")?.lines().map(str::to_owned).collect() })
    }

    fn counts(&self) -> Counts {
        let count = |failed: bool| self.cases.iter().filter(|case| case.failed == failed).count() as u64;
        let counts = Counts { passed: count(false), failed: count(true), skipped: 0 };
        counts.with_skips_at_run_time(self.skipped.len() as u64)
    }
}

fn parts(artifacts: &Artifacts) -> anyhow::Result<Vec<Part>> {
    artifacts.names("part-")?.iter().map(|name| Part::read(name, &artifacts.folder(name))).collect()
}

fn print(parts: &[&Part]) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["", "in JUnit", "passed", "failed", "skipped"]);
    for column in 1..5 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for part in parts {
        let Counts { passed, failed, skipped } = part.counts();
        let numbers = [part.cases.len() as u64, passed, failed, skipped].map(|number| number.to_string());
        table.add_row([&part.name, &numbers[0], &numbers[1], &numbers[2], &numbers[3]]);
    }
    println!("{table}");
}

fn told(what: &str, log: &Log) {
    println!("    {what}: {}", log.failed_steps.join("; "));
}

/// Checks that the document contains every command of the workflow, except those that only GitHub needs.
fn has_the_same_commands(workspace: &Workspace, file: &str, part: &str) -> anyhow::Result<()> {
    let read =
        |file: &str| fs::read_to_string(workspace.root().join(file)).with_context(|| format!("failed to read {file}"));
    let commands = |text: &str, part: &str| -> BTreeSet<String> {
        let lines = text.lines().map(|line| line.trim().trim_start_matches("- ").trim_start_matches("run: "));
        let lines =
            lines.map(|line| line.trim_start_matches("$ ").replace(&format!("\"hash:{part}\""), "\"hash:$PART\""));
        let starts = ["cargo nextest ", "sed ", "sort listed.txt "];
        lines.filter(|line| starts.iter().any(|start| line.starts_with(start))).collect()
    };
    let (ours, theirs) = (commands(&read(WORKFLOW)?, "$PART"), commands(&read(file)?, part));
    ensure!(ours == theirs, "{file} has other commands than {WORKFLOW}:\n{theirs:#?}\n{ours:#?}");
    Ok(())
}
