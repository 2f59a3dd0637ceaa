//! `cargo xtask ci`: runs all steps of CI one after the other, and counts every test.
//!
//! A failed step does not stop the later ones, so that one run shows every failure. A step fails if it should run tests and reports no
//! count, or if it leaves something in its temporary folder.

mod as_user;
mod book;
mod dependencies;
mod home;
mod kernels_of_users;
mod musl;
mod nightly;
mod package;
mod repeat;
mod scale_out;
mod targets;
mod temporary;
mod unprivileged;
mod workflows;
mod workspaces;

use std::fmt::Display;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anstream::{eprintln, println};
use anyhow::{Context, bail};
use clap::Args;
use clap::builder::PossibleValuesParser;
use comfy_table::{CellAlignment, Table, presets};
use netns_vm::{Counts, SKIP_RECORD};

use crate::program::{
    EndedProgram, compiled, executables, is_interrupted, output_of, run_program, stop_on_signals, this_program,
};
use crate::skipped::Skipped;
use crate::target::is_installed;
use crate::workspace::{BAD, GOOD, HEADING, NOTABLE, Workspace};
use crate::{adoption, real_suites, release, vm_test};
use temporary::TemporaryFolder;
use vm_test::Extent;

pub(crate) use as_user::{AsUser, as_user};

const AFTER_HELP: &str = "\
Examples:
  cargo xtask ci                run every step
  cargo xtask ci --list         name the steps
  cargo xtask ci --only clippy  run one
  cargo xtask ci --nightly      run the slow steps that a default run leaves out
  cargo xtask ci --repeat 20 --under-load
                                run the tests 20 times on busy processors, and count the failures of each

Exit status: 0 every step passed, 1 one failed, 2 usage.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// Run this step; may be repeated.
    #[arg(long, value_name = "STEP", value_parser = PossibleValuesParser::new(all_steps().map(|step| step.name)))]
    only: Vec<String>,
    /// Run the slow steps that a default run leaves out, and only those.
    #[arg(long, conflicts_with = "only")]
    nightly: bool,
    /// Run the tests this many times instead, and count the failures of each.
    #[arg(long, value_name = "ROUNDS", conflicts_with_all = ["only", "nightly", "list"], value_parser = clap::value_parser!(u32).range(1..))]
    repeat: Option<u32>,
    /// With --repeat: keep all processors busy with other work.
    #[arg(long, requires = "repeat")]
    under_load: bool,
    /// Name the steps and stop.
    #[arg(long)]
    list: bool,
}

/// The steps in order; fast failures come first.
const STEPS: &[Step] = &[
    Step::new("format", "rustfmt has nothing to change", format),
    Step::new("workflows", "workflows, action.yml and .ci/run are right, by actionlint and others", workflows::run),
    Step::new("clippy", "no warnings, in no target", clippy),
    Step::new("targets", "the packages compile for other processors and systems", targets::run),
    Step::new("dependencies", "users get few crates, of known versions and licences", dependencies::run),
    Step::new("package", "the published packages build alone, and serve a new project", package::run),
    Step::new("book", "the guides link to what exists, and the summary lists them all", book::run),
    Step::new("docs", "the documentation builds without warnings", docs),
    Step::new("lint", "the lint finds nothing in this workspace", lint),
    Step::new("recall", "the lint finds in public crates what people have judged", recall),
    Step::new("tests", "cargo test --workspace, as the README says", tests),
    Step::new(
        "unprivileged",
        "the tests whose result may depend on the user, as a user without privileges",
        unprivileged::run_nextest,
    ),
    Step::new("vm", "the fixtures' suite on the oldest kernel, in a virtual machine", virtual_machine),
    Step::new("demo", "cargo xtask demo runs and shows its three parts", demo),
];

/// Slow steps, which repeat a default step under other circumstances or rarely fail; a default run lists them and leaves them out.
const NIGHTLY: &[Step] = &[
    Step::new("nextest", "the tests under cargo nextest, as this user", nextest),
    Step::new("unprivileged-libtest", "cargo test --workspace as a user without privileges", unprivileged::run_libtest),
    Step::new("chaos", "2,000 killed processes of test runs, with the counts of what is left", nightly::chaos),
    Step::new("bench", "the benches have no warnings, and network clients of others work", nightly::bench),
    Step::new("deny", "cargo-deny finds nothing in the dependencies", nightly::deny),
    Step::new("oldest-compiler", "the packages compile with the oldest promised compiler", nightly::oldest_compiler),
    Step::new("build-time", "the time of a clean build for a new project", nightly::build_time),
    Step::new("nothing-left", "500 killed runners, with the counts of what is left", nothing_left),
    Step::new("musl", "some of the suites against musl, statically", musl::run),
    Step::new(
        "vm-both-ends",
        "the whole of the fixtures' suite on the oldest and the newest kernel, in virtual machines",
        virtual_machines,
    ),
    Step::new(
        "vm-turned",
        "the fixtures' suite on a machine whose settings are not the defaults, in a virtual machine",
        turned_machine,
    ),
    Step::new("aarch64", "a part of the fixtures' suite on an emulated aarch64, in a virtual machine", aarch64_machine),
    Step::new("kernels-of-users", "cargo netns-run vm runs a user's crate on the oldest kernel", kernels_of_users::run),
    Step::new("built-book", "mdBook builds the guides, and a search in them finds a code", book::build),
    Step::new(
        "workspaces",
        "the fixtures serve a virtual, vendored workspace with members of five kinds",
        workspaces::run,
    ),
    Step::new("real-suites", "suites of published crates under netns-run", real_suites),
    Step::new("adoption", "suites of published crates that adopt netns-fixtures by a patch", adoption),
    Step::new("scale-out", "the example workflow spreads a suite over machines", scale_out::run),
    Step::new("semver", "the interface breaks nothing that the published version, or the last tag, has", semver),
    Step::new("release", "the files of a release, without the release", release_files),
    Step::new("all-targets", "the packages compile for all targets that we name", targets::run_all),
];

/// The arguments of cargo that run all tests.
const LIBTEST: [&str; 3] = ["test", "--workspace", "--no-fail-fast"];

/// The same for nextest, which runs no examples of the documentation.
const NEXTEST: [&str; 4] = ["nextest", "run", "--workspace", "--no-fail-fast"];

/// The arguments of cargo that build all suites, which tests of ours start.
const SUITES: [&str; 7] =
    ["test", "--workspace", "--no-run", "--test", "*", "--message-format", "json-render-diagnostics"];

/// The variable with a folder of built suites; source: tests/src/suite.rs. Without it each test that starts a suite calls cargo.
const BUILT_SUITES: &str = "NETNS_SUITES";

/// The repetitions of random tests in the two default steps; source: tests/tests/nothing_left.rs.
const REPETITIONS: [(&str, &str); 2] = [("NETNS_KILLS", "100"), ("NETNS_CHAOS_KILLS", "25")];

const FEWER: &str = "tests that kill at random moments do so 100 and 25 times; with --nightly 500 and 2,000 times";

fn repeat_less(command: &mut Command) -> &mut Command {
    println!("{FEWER}");
    command.envs(REPETITIONS)
}

/// Returns every step, of both sets.
fn all_steps() -> impl Iterator<Item = &'static Step> {
    STEPS.iter().chain(NIGHTLY)
}

struct Step {
    name: &'static str,
    about: &'static str,
    run: Run,
}

type Run = fn(&Workspace, &Skipped) -> anyhow::Result<Outcome>;

impl Step {
    const fn new(name: &'static str, about: &'static str, run: Run) -> Self {
        Self { name, about, run }
    }
}

/// The result of a step that ran to its end.
enum Outcome {
    /// Its programs succeeded; it runs no tests.
    Checked,
    /// Its tests ran; `success` is the program's exit status.
    Tested {
        counts: Counts,
        success: bool,
        /// The failed tests, a line for each.
        failures: Vec<String>,
    },
    /// Its programs succeeded, but a part did not run, for this reason.
    PartlyNotRun(String),
    /// The step had nothing to do, for this reason.
    NotNeeded(&'static str),
}

impl Outcome {
    /// Returns the outcome of a program that ran tests, of which this number skipped at run time.
    fn tested(ended: &EndedProgram, skipped: u64) -> Self {
        let failures = if ended.success { Vec::new() } else { ended.failures.lines().collect() };
        Self::Tested { counts: ended.counts.with_skips_at_run_time(skipped), success: ended.success, failures }
    }
}

struct Ended {
    step: &'static Step,
    outcome: anyhow::Result<Outcome>,
    /// The leftovers in its temporary folder.
    left: Vec<String>,
    took: Duration,
}

impl Ended {
    /// Runs the step with its own temporary folder.
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
            Ok(Outcome::Checked | Outcome::PartlyNotRun(_) | Outcome::NotNeeded(_)) => true,
            Ok(Outcome::Tested { counts, success, .. }) => *success && counts.failed == 0 && counts.passed > 0,
            Err(_) => false,
        }
    }
}

/// Runs the steps. Exits with 0 if all passed, else with 1.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<ExitCode> {
    if options.list {
        for Step { name, about, .. } in STEPS {
            println!("{name:<14} {about}");
        }
        println!("\nwith --nightly:");
        for Step { name, about, .. } in NIGHTLY {
            println!("{name:<14} {about}");
        }
        return Ok(ExitCode::SUCCESS);
    }
    stop_on_signals()?;
    if let Some(rounds) = options.repeat {
        return repeat::run(workspace, rounds, options.under_load);
    }
    let selected: Vec<&'static Step> = match (options.nightly, options.only.as_slice()) {
        (true, _) => NIGHTLY.iter().collect(),
        (false, []) => STEPS.iter().collect(),
        (false, only) => all_steps().filter(|step| only.iter().any(|name| name == step.name)).collect(),
    };
    let skipped = Skipped::new()?;
    let start = Instant::now();
    let mut ended = Vec::new();
    for (i, &step) in selected.iter().enumerate() {
        if is_interrupted() {
            bail!("interrupted before the step {}", step.name);
        }
        eprintln!("\n{}", HEADING.paint(format_args!("[{}/{}] {}: {}", i + 1, selected.len(), step.name, step.about)));
        let result = Ended::run(step, workspace, &skipped)?;
        if let Err(error) = &result.outcome {
            eprintln!("{}: {error:#}", BAD.paint(step.name));
        }
        ended.push(result);
    }
    if !options.nightly && options.only.is_empty() {
        let names: Vec<_> = NIGHTLY.iter().map(|step| step.name).collect();
        println!("\n{} {}: cargo xtask ci --nightly runs them", NOTABLE.paint("left out"), names.join(", "));
    }
    report(&ended, start.elapsed(), &skipped)
}

fn report(ended: &[Ended], took: Duration, skipped: &Skipped) -> anyhow::Result<ExitCode> {
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
        let result = match &ended.outcome {
            _ if !ended.is_good() => "FAILED",
            Ok(Outcome::NotNeeded(_)) => "not run",
            _ => "ok",
        };
        let seconds = format!("{:.1}", ended.took.as_secs_f64());
        let [passed, failed, skipped] = match &ended.outcome {
            Ok(Outcome::Tested { counts, .. }) => {
                total += *counts;
                [counts.passed, counts.failed, counts.skipped].map(|count| count.to_string())
            }
            Ok(Outcome::Checked | Outcome::PartlyNotRun(_) | Outcome::NotNeeded(_)) | Err(_) => Default::default(),
        };
        table.add_row([ended.step.name, result, &passed, &failed, &skipped, &seconds]);
    }
    table.add_row(["all", "", "", "", "", &format!("{:.1}", took.as_secs_f64())]);
    println!("\n{table}");
    for (test, reason) in skipped.all()? {
        println!("{} {test}: {reason}", NOTABLE.paint("skipped"));
    }
    for ended in ended {
        match &ended.outcome {
            Ok(Outcome::NotNeeded(reason)) => println!("{} {}: {reason}", NOTABLE.paint("not run"), ended.step.name),
            Ok(Outcome::PartlyNotRun(reason)) => {
                println!("{} {}: {reason}", NOTABLE.paint("not run in part"), ended.step.name);
            }
            Ok(Outcome::Tested { counts, .. }) if counts.passed == 0 => {
                println!("{} {}: it ran no test", BAD.paint("failed"), ended.step.name);
            }
            Ok(Outcome::Tested { failures, .. }) => {
                for failure in failures {
                    println!("{} {}: {failure}", BAD.paint("failed"), ended.step.name);
                }
            }
            Err(error) => println!("{} {}: {error:#}", BAD.paint("failed"), ended.step.name),
            Ok(Outcome::Checked) => {}
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
    // The last line is a summary for readers who read nothing else.
    println!("ci: {} passed, {} failed, {} skipped", total.passed, total.failed, total.skipped);
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn format(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    check(workspace.cargo().args(["fmt", "--all", "--check"]))?;
    check(workspace.bench_cargo().args(["fmt", "--check"]))?;
    // Leaves clippy out, because it would build the peers.
    check(workspace.bench_cargo().args(["fmt", "--check", "--manifest-path", "peers/Cargo.toml"]))
}

fn clippy(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    const WARNINGS_ARE_ERRORS: [&str; 3] = ["--", "--deny", "warnings"];
    check(workspace.cargo().args(["clippy", "--workspace", "--all-targets"]).args(WARNINGS_ARE_ERRORS))?;
    // Targets with `test = false`, such as the suites, are not part of `--all-targets`.
    check(workspace.cargo().args(["clippy", "--workspace", "--test", "*"]).args(WARNINGS_ARE_ERRORS))
}

fn tests(workspace: &Workspace, skipped: &Skipped) -> anyhow::Result<Outcome> {
    let suites = build_suites(workspace)?;
    count(skipped, repeat_less(workspace.cargo().args(LIBTEST).env(BUILT_SUITES, suites)))
}

fn nextest(workspace: &Workspace, skipped: &Skipped) -> anyhow::Result<Outcome> {
    let suites = build_suites(workspace)?;
    count(skipped, workspace.cargo().args(NEXTEST).env(BUILT_SUITES, suites))
        .context("is cargo-nextest installed? cargo install cargo-nextest --locked")
}

/// Builds the suites once, and returns the folder that has them.
fn build_suites(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let folder = workspace.root().join("target/ci-suites");
    gather_suites(workspace.cargo().args(SUITES), &folder)?;
    Ok(folder)
}

/// Runs a command with the arguments [`SUITES`], and creates a folder with links to the binaries that it built.
fn gather_suites(cargo: &mut Command, folder: &Path) -> anyhow::Result<()> {
    let output = output_of(cargo, Stdio::inherit())?;
    anyhow::ensure!(output.status.success(), "the suites do not build");
    let (compiled, units) = compiled(&output.stdout)?;
    println!("the suites: {compiled} of {units} units compiled");
    if folder.exists() {
        fs::remove_dir_all(folder).context("failed to remove the suites of an earlier run")?;
    }
    fs::create_dir_all(folder).context("failed to make the folder of the suites")?;
    for (name, executable) in executables(&output.stdout)? {
        let link = folder.join(name);
        // Packages may have targets of one name; no suite has another target's name.
        if !link.exists() {
            symlink(executable, link).context("failed to make a link to a suite")?;
        }
    }
    Ok(())
}

/// Repeats a part of the earlier steps with its output, to show the counts.
fn nothing_left(workspace: &Workspace, skipped: &Skipped) -> anyhow::Result<Outcome> {
    count(skipped, workspace.cargo().args(["test", "--workspace", "--test", "nothing_left", "--", "--show-output"]))
}

/// Skips are in the step's own report, because they belong to another kernel.
fn in_machines(workspace: &Workspace, kernels: &[&str], extent: Extent) -> anyhow::Result<Outcome> {
    let (counts, failures) = vm_test::as_step(workspace, kernels, extent)?;
    Ok(Outcome::Tested { counts, success: failures.is_empty(), failures })
}

fn virtual_machine(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    in_machines(workspace, &vm_test::BOTH_ENDS[..1], Extent::Short)
}

fn virtual_machines(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    in_machines(workspace, &vm_test::BOTH_ENDS, Extent::Whole)
}

fn turned_machine(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    in_machines(workspace, &["6.12"], Extent::Turned)
}

fn aarch64_machine(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    if !is_installed(vm_test::AARCH64)? {
        return Ok(Outcome::NotNeeded(
            "rustc has no standard library for aarch64 with musl; `rustup target add` installs one",
        ));
    }
    in_machines(workspace, &["6.12"], Extent::Aarch64)
}

/// Does not count the tests, because they are not ours.
fn real_suites(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    anyhow::ensure!(
        real_suites::as_step(workspace)?,
        "a test fails under netns-run that docs/real-suites.md does not explain"
    );
    Ok(Outcome::Checked)
}

/// Does not count the tests, because they are not ours.
fn adoption(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    anyhow::ensure!(adoption::as_step(workspace)?, "a test fails or is missing after its suite adopted netns-fixtures");
    Ok(Outcome::Checked)
}

fn semver(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    release::semver::control(workspace)?;
    Ok(match release::semver::compare(workspace)? {
        Some(_) => Outcome::Checked,
        None => Outcome::PartlyNotRun(format!("the control passed; {}", release::NOT_COMPARED)),
    })
}

fn release_files(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    if !is_installed(&target)? {
        return Ok(Outcome::NotNeeded("rustc has no standard library for musl here; `rustup target add` installs one"));
    }
    release::dry_run(workspace, target)?;
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

/// Needs the registry, or crates that cargo has already downloaded.
fn recall(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    // With the features of the whole workspace, so that the step `tests` uses the same dependencies.
    let arguments = ["build", "--workspace", "--example", "recall", "--message-format", "json-render-diagnostics"];
    let built = output_of(workspace.cargo().args(arguments), Stdio::inherit())?;
    anyhow::ensure!(built.status.success(), "the example does not build");
    let (_, recall) = executables(&built.stdout)?.pop().context("cargo has built no example")?;
    let mut recall = Command::new(recall);
    recall.current_dir(workspace.root()).env("TMPDIR", workspace.temporary_folder());
    check(recall.arg("lint/corpus/examples.tsv"))
}

fn demo(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    check(Command::new(this_program()?).current_dir(workspace.root()).arg("demo"))
}

/// Runs a program and expects success.
fn check(command: &mut Command) -> anyhow::Result<Outcome> {
    let ended = run_program(command)?;
    if !ended.success {
        bail!("{} {}", ended.program, ended.how);
    }
    Ok(Outcome::Checked)
}

/// Runs a program that runs tests, counts them, and counts tests that report a skip as skipped.
fn count(skipped: &Skipped, command: &mut Command) -> anyhow::Result<Outcome> {
    let before = skipped.count()?;
    let ended = run_program(command.env(SKIP_RECORD, skipped.path()))?;
    let newly_skipped = skipped.count()? - before;
    Ok(Outcome::tested(&ended, newly_skipped))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A misspelt name would install nothing, silently.
    #[test]
    fn the_start_of_ci_installs_programs_for_steps_that_there_are() {
        let workspace = Workspace::find().unwrap();
        let start = fs::read_to_string(workspace.root().join(".ci/run")).unwrap();
        let named: Vec<_> = start.split("if runs ").skip(1).filter_map(|rest| rest.split(';').next()).collect();
        for step in ["aarch64", "all-targets", "built-book", "deny", "oldest-compiler", "semver"] {
            assert!(named.contains(&step), "{step} is not in .ci/run");
        }
        for step in named {
            assert!(NIGHTLY.iter().any(|known| known.name == step), "{step}");
        }
    }

    #[test]
    fn a_step_that_leaves_a_temporary_file_has_failed() {
        const LEAVES: &Step = &Step::new("leaves", "", leave_a_file);
        const CLEAN: &Step = &Step::new("clean", "", |_, _| Ok(Outcome::Checked));
        let (workspace, skipped) = (Workspace::find().unwrap(), Skipped::new().unwrap());
        let ended = Ended::run(LEAVES, &workspace, &skipped).unwrap();
        assert!(ended.did_well() && !ended.is_good());
        assert_eq!(ended.left, ["left by a program"]);
        assert!(Ended::run(CLEAN, &workspace, &skipped).unwrap().is_good());
    }

    /// Creates a temporary file with a program that looks up the folder, as tests do.
    fn leave_a_file(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
        let cargo = workspace.cargo();
        let folder = cargo.get_envs().find(|(name, _)| *name == "TMPDIR").and_then(|(_, folder)| folder);
        fs::write(Path::new(folder.context("no TMPDIR")?).join("left by a program"), "")?;
        Ok(Outcome::Checked)
    }
}
