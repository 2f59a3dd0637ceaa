//! `cargo xtask adoption`: runs the tests of published crates as an ordinary user, unchanged and with a patch that makes them tests of
//! netns-fixtures.
//!
//! The patches are `bench/adoption/<crate>-<version>.patch`. In them netns-fixtures is a dependency as in the README; the command replaces it by the
//! workspace's own.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anstream::{eprintln, println};
use anyhow::{Context, ensure};
use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use netns_vm::SKIP_RECORD;

use crate::program::{output_of, stop_on_signals};
use crate::published_suite::{Published, Run, Sources, Stage, Told, number_of};
use crate::skipped::Skipped;
use crate::workspace::{BAD, GOOD, NOTABLE, Workspace};

const AFTER_HELP: &str = "\
Examples:
  cargo xtask adoption    every suite, with a table

docs/adoption.md describes the patches.

Exit status: 0 every adopted test passed or was skipped, 1 one failed or is missing, 2 usage, or a crate that cannot be patched or built.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {}

/// A published crate with a patch.
struct Adoption {
    of: Published,
    /// The arguments of `cargo test` that select the patched targets.
    targets: &'static [&'static str],
    /// Options of netns-run for the unchanged suite; `None` runs it on the machine itself.
    unchanged_in: Option<&'static [&'static str]>,
}

const ADOPTIONS: &[Adoption] = &[
    // The unchanged suite sends multicast to all networks of the machine. The network of `--veth` takes their place, so that no packet leaves.
    Adoption {
        of: Published { name: "mdns-sd", version: "0.21.7" },
        targets: &["--test", "mdns_test", "--test", "shutdown_test"],
        unchanged_in: Some(&["--veth"]),
    },
    // Without privileges the unchanged suite changes nothing: the kernel refuses all that it asks for.
    Adoption { of: Published { name: "rtnetlink", version: "0.24.0" }, targets: &["--lib"], unchanged_in: None },
];

/// The limit of each test binary.
const DEADLINE: &str = "300s";

/// Tests that run at once. Most of them wait.
const THREADS: &str = "8";

/// Runs as a step of `ci`; returns whether all adopted tests passed or were skipped.
pub(crate) fn as_step(workspace: &Workspace) -> anyhow::Result<bool> {
    Ok(run_suites(workspace)? == ExitCode::SUCCESS)
}

/// Runs all suites twice. Exits with 0 if no adopted test failed or is missing.
pub(crate) fn run(workspace: &Workspace, Options {}: &Options) -> anyhow::Result<ExitCode> {
    // A signal must not leave the folder with the binaries behind.
    stop_on_signals()?;
    run_suites(workspace)
}

fn run_suites(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    let stage = Stage::new(workspace)?;
    let netns_run = stage.add_netns_run(workspace)?;
    let place = Sources::new(workspace, "adoption")?;
    let crates: Vec<_> = ADOPTIONS.iter().map(|adoption| adoption.of).collect();
    let sources = place.fetch(workspace, &crates)?;
    let skipped = Skipped::new()?;
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["crate", "", "lines", "passed", "failed", "skipped", "seconds"]);
    for column in 2..7 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut good = true;
    for (adoption, source) in ADOPTIONS.iter().zip(&sources) {
        let Published { name, version } = adoption.of;
        let package = format!("{name}-{version}");
        eprintln!("{package}");
        let patch = workspace.root().join(format!("bench/adoption/{package}.patch"));
        let adopted = place.copy(source, &format!("{package}-adopted"))?;
        apply(&patch, &adopted)?;
        let lines = changed_lines(&fs::read_to_string(&patch).context("failed to read a patch")?);

        let mut measure =
            |how: &str, source: &Path, arguments: &[String], runner: &[&str], show| -> anyhow::Result<Told> {
                let binaries = place.build(workspace, source, arguments, &stage)?;
                let record = stage.temporary().join(format!("skipped-{package}-{how}"));
                let variables = [(SKIP_RECORD, record.as_path())];
                let start = Instant::now();
                let told = stage.run(
                    &binaries,
                    source,
                    &Run { runner, threads: Some(THREADS), variables: &variables, show },
                )?;
                let seconds = start.elapsed().as_secs_f64();
                let at_run_time = usize::try_from(skipped.add(&record)?)?;
                table.add_row([
                    format!("{name} {version}"),
                    how.to_owned(),
                    if show { lines.clone() } else { String::new() },
                    number_of(&told, "ok").saturating_sub(at_run_time).to_string(),
                    number_of(&told, "FAILED").to_string(),
                    (number_of(&told, "ignored") + at_run_time).to_string(),
                    format!("{seconds:.1}"),
                ]);
                Ok(told)
            };
        let targets: Vec<_> = adoption.targets.iter().map(|&word| word.to_owned()).collect();
        let runner = match adoption.unchanged_in {
            Some(options) => [&[&netns_run[..], "--deadline", DEADLINE], options, &["--"]].concat(),
            None => vec!["timeout", DEADLINE],
        };
        let before = measure("unchanged", source, &targets, &runner, false)?;
        let ours = ["fixtures", "macros"].into_iter().flat_map(|folder| {
            let package = workspace.root().join(folder).display().to_string();
            ["--config".to_owned(), format!("patch.crates-io.netns-{folder}.path={package:?}")]
        });
        let arguments: Vec<_> = ours.chain(targets.iter().cloned()).collect();
        let after = measure("adopted", &adopted, &arguments, &["timeout", DEADLINE], true)?;
        for test in wrong(&before, &after) {
            println!("{} {name} {test}", BAD.paint("fails or is missing when adopted:"));
            good = false;
        }
    }
    println!("\n{table}");
    for (test, reason) in skipped.all()? {
        println!("{} {test}: {reason}", NOTABLE.paint("skipped"));
    }
    println!(
        "{}",
        if good { GOOD.paint("adoption passed").to_string() } else { BAD.paint("adoption failed").to_string() }
    );
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Applies a patch to sources, which need not be in a repository of git.
fn apply(patch: &Path, sources: &Path) -> anyhow::Result<()> {
    let mut git = std::process::Command::new("git");
    git.current_dir(sources).args(["apply", "--"]).arg(patch);
    // In a folder of a repository, git would look for the patched files from its root, and skip them.
    git.env("GIT_CEILING_DIRECTORIES", sources.parent().context("the sources lie in no folder")?);
    let applied = output_of(&mut git, std::process::Stdio::inherit())?;
    ensure!(applied.status.success(), "{} does not apply", patch.display());
    Ok(())
}

/// Returns the numbers of added and of removed lines.
fn changed_lines(patch: &str) -> String {
    let count = |sign: &str, header: &str| {
        patch.lines().filter(|line| line.starts_with(sign) && !line.starts_with(header)).count()
    };
    format!("+{} -{}", count("+", "+++ "), count("-", "--- "))
}

/// Returns the tests that failed after the patch, and those that only the unchanged suite has.
fn wrong<'a>(before: &'a Told, after: &'a Told) -> Vec<&'a str> {
    let failed = after.iter().filter(|(_, outcome)| *outcome == "FAILED");
    let missing = before.iter().filter(|(test, _)| !after.contains_key(*test));
    failed.chain(missing).map(|(test, _)| test.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_and_missing_tests_are_wrong() {
        let told = |pairs: &[(&str, &str)]| -> Told {
            pairs.iter().map(|(test, outcome)| ((*test).to_owned(), (*outcome).to_owned())).collect()
        };
        let before = told(&[("a", "FAILED"), ("b", "ok"), ("c", "ignored")]);
        assert_eq!(wrong(&before, &told(&[("a", "ok"), ("b", "FAILED")])), ["b", "c"]);
        assert!(wrong(&before, &told(&[("a", "ok"), ("b", "ok"), ("c", "ignored"), ("d", "ok")])).is_empty());
    }

    #[test]
    fn headers_of_a_patch_are_not_counted() {
        assert_eq!(changed_lines("--- a/f\n+++ b/f\n@@ -1,2 +1,3 @@\n same\n-old\n+new\n+more\n"), "+2 -1");
    }

    /// The sources are in a folder of this repository, where git would silently skip them.
    #[test]
    fn a_patch_applies_in_a_folder_of_a_repository_and_a_wrong_one_does_not() {
        let root = Workspace::find().unwrap().root().join("target");
        fs::create_dir_all(&root).unwrap();
        let folder = tempfile::TempDir::new_in(root).unwrap();
        let (patch, sources) = (folder.path().join("a.patch"), folder.path().join("sources"));
        fs::create_dir(&sources).unwrap();
        fs::write(sources.join("f"), "old\n").unwrap();
        fs::write(&patch, "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-old\n+new\n").unwrap();
        apply(&patch, &sources).unwrap();
        assert_eq!(fs::read_to_string(sources.join("f")).unwrap(), "new\n");
        assert!(apply(&patch, &sources).unwrap_err().to_string().contains("does not apply"));
    }
}
