//! `cargo xtask ci`: all that CI runs, one step after the other, with the counts of every test that ran.
//!
//! Every step runs, also after one that failed, so that one run tells everything. A step that should have run tests and
//! of which no count is known has failed; so has one that left something in its folder for temporary files.

mod counts;
mod musl;
mod program;
mod scale_out;
mod temporary;
mod unprivileged;
mod workflows;

use std::fmt::Display;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anstream::{eprintln, println};
use anyhow::{Context, bail};
use clap::Args;
use clap::builder::PossibleValuesParser;
use comfy_table::{CellAlignment, Table, presets};

use crate::workspace::{BAD, GOOD, HEADING, NOTABLE, Workspace};
use crate::{real_suites, vm_test};
use counts::Skipped;
use program::run_program;
use temporary::TemporaryFolder;

pub(crate) use counts::{Counts, SKIP_RECORD};
pub(crate) use program::{executables, is_interrupted, output_of, stop_on_signals};
pub(crate) use unprivileged::{AsUser, as_user};

const AFTER_HELP: &str = "\
Examples:
  cargo xtask ci                run every step
  cargo xtask ci --list         name the steps
  cargo xtask ci --only clippy  run one

Exit status: 0 every step passed, 1 one failed, 2 usage.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// Run this step; may be repeated.
    #[arg(long, value_name = "STEP", value_parser = PossibleValuesParser::new(STEPS.iter().map(|step| step.name)))]
    only: Vec<String>,
    /// Name the steps and stop.
    #[arg(long)]
    list: bool,
}

/// The steps in their order, which is that of the time to a first failure.
const STEPS: &[Step] = &[
    Step { name: "format", about: "rustfmt has nothing to change", run: format },
    Step { name: "clippy", about: "no warnings, in no target", run: clippy },
    Step {
        name: "workflows",
        about: "workflows, action.yml and .ci/run are right, by actionlint and others",
        run: workflows::run,
    },
    Step { name: "tests", about: "cargo test --workspace, as the README says", run: tests },
    Step { name: "nextest", about: "the same under cargo nextest", run: nextest },
    Step { name: "unprivileged", about: "the same as a user without privileges", run: unprivileged::run },
    Step { name: "musl", about: "some of the suites against musl, statically", run: musl::run },
    Step { name: "nothing-left", about: "500 killed runners, with the counts of what is left", run: nothing_left },
    Step {
        name: "vm",
        about: "the fixtures' suite on the oldest and the newest kernel, in virtual machines",
        run: virtual_machines,
    },
    Step { name: "real-suites", about: "suites of published crates under netns-run", run: real_suites },
    Step { name: "scale-out", about: "the example workflow spreads a suite over machines", run: scale_out::run },
    Step { name: "docs", about: "the documentation builds without warnings", run: docs },
    Step { name: "lint", about: "the lint finds nothing in this workspace", run: lint },
    Step { name: "recall", about: "the lint finds in public crates what people have judged", run: recall },
    Step { name: "demo", about: "cargo xtask demo shows what it tells", run: demo },
];

struct Step {
    name: &'static str,
    about: &'static str,
    run: fn(&Workspace, &Skipped) -> anyhow::Result<Outcome>,
}

/// How a step that came to its end went.
enum Outcome {
    /// Its programs ended well; it runs no tests.
    Checked,
    /// Its tests ran; the program's own status was a success or not.
    Tested { counts: Counts, success: bool },
    /// There was nothing to do, for this reason.
    NotNeeded(&'static str),
}

struct Ended {
    step: &'static Step,
    outcome: anyhow::Result<Outcome>,
    /// What lies in its folder for temporary files.
    left: Vec<String>,
    took: Duration,
}

impl Ended {
    /// Runs the step, with a folder for temporary files of its own.
    fn run(step: &'static Step, workspace: &Workspace, skipped: &Skipped) -> anyhow::Result<Self> {
        let start = Instant::now();
        let temporary = TemporaryFolder::new()?;
        let outcome = (step.run)(&workspace.with_temporary_folder(temporary.path()), skipped);
        let left = temporary.remains();
        Ok(Self { step, outcome, left, took: start.elapsed() })
    }

    fn is_good(&self) -> bool {
        self.left.is_empty() && self.did_well()
    }

    fn did_well(&self) -> bool {
        match &self.outcome {
            Ok(Outcome::Checked | Outcome::NotNeeded(_)) => true,
            Ok(Outcome::Tested { counts, success }) => *success && counts.failed == 0 && counts.passed > 0,
            Err(_) => false,
        }
    }
}

/// Runs the steps. Exit status 0 when all passed, 1 when one did not.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<ExitCode> {
    if options.list {
        for Step { name, about, .. } in STEPS {
            println!("{name:<14} {about}");
        }
        return Ok(ExitCode::SUCCESS);
    }
    stop_on_signals()?;
    let selected: Vec<&'static Step> = STEPS
        .iter()
        .filter(|step| options.only.is_empty() || options.only.iter().any(|only| only == step.name))
        .collect();
    let skipped = Skipped::new()?;
    let mut ended = Vec::new();
    for (i, &step) in selected.iter().enumerate() {
        if is_interrupted() {
            bail!("interrupted before the step {}", step.name);
        }
        eprintln!("\n{}", HEADING.paint(format_args!("[{}/{}] {}: {}", i + 1, selected.len(), step.name, step.about)));
        let done = Ended::run(step, workspace, &skipped)?;
        if let Err(error) = &done.outcome {
            eprintln!("{}: {error:#}", BAD.paint(step.name));
        }
        ended.push(done);
    }
    report(&ended, &skipped)
}

fn report(ended: &[Ended], skipped: &Skipped) -> anyhow::Result<ExitCode> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["step", "result", "passed", "failed", "skipped", "seconds"]);
    for column in 2..6 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut total = Counts::default();
    for ended in ended {
        let result = if ended.is_good() { "ok" } else { "FAILED" };
        let seconds = format!("{:.1}", ended.took.as_secs_f64());
        let [passed, failed, skipped] = match &ended.outcome {
            Ok(Outcome::Tested { counts, .. }) => {
                total += *counts;
                [counts.passed, counts.failed, counts.skipped].map(|count| count.to_string())
            }
            Ok(Outcome::Checked | Outcome::NotNeeded(_)) | Err(_) => Default::default(),
        };
        table.add_row([ended.step.name, result, &passed, &failed, &skipped, &seconds]);
    }
    println!("\n{table}");
    for (test, reason) in skipped.all()? {
        println!("{} {test}: {reason}", NOTABLE.paint("skipped"));
    }
    for ended in ended {
        match &ended.outcome {
            Ok(Outcome::NotNeeded(reason)) => println!("{} {}: {reason}", NOTABLE.paint("not run"), ended.step.name),
            Ok(Outcome::Tested { counts, .. }) if counts.passed == 0 => {
                println!("{} {}: it ran no test", BAD.paint("failed"), ended.step.name);
            }
            Err(error) => println!("{} {}: {error:#}", BAD.paint("failed"), ended.step.name),
            Ok(_) => {}
        }
        if !ended.left.is_empty() {
            let left = ended.left.join("\n    ");
            println!(
                "{} {}: left in its folder for temporary files:\n    {left}",
                BAD.paint("failed"),
                ended.step.name
            );
        }
        if !ended.is_good() {
            println!("    again, alone: cargo xtask ci --only {}", ended.step.name);
        }
    }
    let good = ended.iter().all(Ended::is_good);
    let verdict: &dyn Display = if good { &GOOD.paint("ci passed") } else { &BAD.paint("ci failed") };
    println!("{verdict}");
    // The last line, for whoever reads only that.
    println!("ci: {} passed, {} failed, {} skipped", total.passed, total.failed, total.skipped);
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn format(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    check(workspace.cargo().args(["fmt", "--all", "--check"]))?;
    check(workspace.bench_cargo().args(["fmt", "--check"]))?;
    // Not clippy: that would build the peers.
    check(workspace.bench_cargo().args(["fmt", "--check", "--manifest-path", "peers/Cargo.toml"]))
}

fn clippy(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    const WARNINGS_ARE_ERRORS: [&str; 3] = ["--", "--deny", "warnings"];
    check(workspace.cargo().args(["clippy", "--workspace", "--all-targets"]).args(WARNINGS_ARE_ERRORS))?;
    // Test targets with `test = false`, the suites among them, are no part of all targets.
    check(workspace.cargo().args(["clippy", "--workspace", "--test", "*"]).args(WARNINGS_ARE_ERRORS))?;
    check(workspace.bench_cargo().args(["clippy", "--all-targets"]).args(WARNINGS_ARE_ERRORS))
}

fn tests(workspace: &Workspace, skipped: &Skipped) -> anyhow::Result<Outcome> {
    count(skipped, workspace.cargo().args(["test", "--workspace", "--no-fail-fast"]))
}

fn nextest(workspace: &Workspace, skipped: &Skipped) -> anyhow::Result<Outcome> {
    count(skipped, workspace.cargo().args(["nextest", "run", "--workspace", "--no-fail-fast"]))
        .context("is cargo-nextest installed? cargo install cargo-nextest --locked")
}

/// A part of the steps before it, once more with what it prints: the counts are to be seen.
fn nothing_left(workspace: &Workspace, skipped: &Skipped) -> anyhow::Result<Outcome> {
    count(skipped, workspace.cargo().args(["test", "--workspace", "--test", "nothing_left", "--", "--show-output"]))
}

/// Its skips are in its own report: they are those of other kernels.
fn virtual_machines(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    let (counts, success) = vm_test::as_step(workspace)?;
    Ok(Outcome::Tested { counts, success })
}

/// Not counted: its tests are not ours.
fn real_suites(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    anyhow::ensure!(
        real_suites::as_step(workspace)?,
        "a test fails under netns-run that docs/real-suites.md does not explain"
    );
    Ok(Outcome::Checked)
}

fn docs(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    check(
        workspace
            .cargo()
            .args(["doc", "--workspace", "--no-deps", "--document-private-items"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

fn lint(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    check(Command::new(this_program()?).current_dir(workspace.root()).arg("lint"))
}

/// Needs the registry, or what cargo has fetched from it before.
fn recall(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    let recall = ["run", "--quiet", "--package", "netns-lint", "--example", "recall", "--", "lint/corpus/examples.tsv"];
    check(workspace.cargo().args(recall))
}

fn demo(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    check(Command::new(this_program()?).current_dir(workspace.root()).arg("demo"))
}

/// The file of this program.
pub(crate) fn this_program() -> anyhow::Result<PathBuf> {
    std::env::current_exe().context("failed to find this program")
}

/// Runs a program that has to end well.
fn check(command: &mut Command) -> anyhow::Result<Outcome> {
    let ended = run_program(command)?;
    if !ended.success {
        bail!("{} {}", ended.program, ended.how);
    }
    Ok(Outcome::Checked)
}

/// Runs a program that runs tests, counts them, and counts as skipped those that say that they were.
fn count(skipped: &Skipped, command: &mut Command) -> anyhow::Result<Outcome> {
    let before = skipped.count()?;
    let ended = run_program(command.env(SKIP_RECORD, skipped.path()))?;
    let newly_skipped = skipped.count()? - before;
    Ok(Outcome::Tested { counts: ended.counts.with_skips_at_run_time(newly_skipped), success: ended.success })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_leaves_a_temporary_file_has_failed() {
        const LEAVES: &Step = &Step { name: "leaves", about: "", run: leave_a_file };
        const CLEAN: &Step = &Step { name: "clean", about: "", run: |_, _| Ok(Outcome::Checked) };
        let (workspace, skipped) = (Workspace::find().unwrap(), Skipped::new().unwrap());
        let ended = Ended::run(LEAVES, &workspace, &skipped).unwrap();
        assert!(ended.did_well() && !ended.is_good());
        assert_eq!(ended.left, ["left by a program"]);
        assert!(Ended::run(CLEAN, &workspace, &skipped).unwrap().is_good());
    }

    /// As tests do: by a program that asks where temporary files go.
    fn leave_a_file(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
        let cargo = workspace.cargo();
        let folder = cargo.get_envs().find(|(name, _)| *name == "TMPDIR").and_then(|(_, folder)| folder);
        std::fs::write(std::path::Path::new(folder.context("no TMPDIR")?).join("left by a program"), "")?;
        Ok(Outcome::Checked)
    }
}
