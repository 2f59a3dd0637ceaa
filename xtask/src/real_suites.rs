//! `cargo xtask real-suites`: the tests of published crates as a user without privileges, plain and under `cargo netns-run`'s runner.
//!
//! The sources come from the registry, by cargo, at the versions named here, and nothing in them is changed. Each test binary runs
//! twice by itself; what counts are the lines that libtest prints of each test.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anstream::{eprintln, println};
use anyhow::{Context, bail, ensure};
use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use nix::unistd::geteuid;
use serde_json::Value;
use tempfile::TempDir;

use crate::ci::{executables, output_of, stop_on_signals};
use crate::workspace::{BAD, GOOD, Workspace, copy_folder};

const AFTER_HELP: &str = "\
Examples:
  cargo xtask real-suites            every suite, with a table
  cargo xtask real-suites --show     with the tests that still fail, and what they print

docs/real-suites.md has the cause of every test that still fails.

Exit status: 0 under netns-run everything passed but what that page explains, 1 it did not, 2 usage or a crate that does not build.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// Print the output of suites in which tests fail under netns-run.
    #[arg(long)]
    show: bool,
}

/// A published crate with a suite that needs a network or privileges.
struct Suite {
    name: &'static str,
    version: &'static str,
    /// Features without which parts of the suite are not compiled.
    features: &'static [&'static str],
    /// What the suite needs of netns-run.
    options: &'static [&'static str],
    /// Tests that fail under netns-run as well, for the reasons in docs/real-suites.md.
    explained: &'static [&'static str],
}

const SUITES: &[Suite] = &[
    // Links of many kinds and queueing disciplines, in namespaces with names, which are files below /run.
    Suite {
        name: "rtnetlink",
        version: "0.24.0",
        features: &[],
        options: &["--veth", "--private", "/run"],
        explained: RTNETLINK,
    },
    // Namespaces with names.
    Suite { name: "netns-rs", version: "0.2.0", features: &[], options: &["--private", "/run"], explained: &[] },
    // Raw netlink sockets of several families.
    Suite { name: "neli", version: "0.7.5", features: &[], options: &[], explained: &[] },
    // Sockets of every kind.
    Suite { name: "socket2", version: "0.6.5", features: &["all"], options: &[], explained: &[] },
    // Devices of a program's own.
    Suite { name: "tun", version: "0.8.14", features: &["async"], options: &[], explained: TUN },
];

/// The kernel has to have the kind of device: vrf, wireguard, dummy.
const RTNETLINK: &[&str] = &[
    "link::test::create_delete_vrf",
    "link::test::create_get_delete_wg",
    "traffic_control::add_qdisc::test::test_new_qdisc",
];

/// /dev/net/tun is open to root alone on machines without udev.
const TUN: &[&str] = &[
    "platform::test::create",
    "platform::test::recv_timeout_returns_a_packet_arriving_before_expiry",
    "platform::test::recv_timeout_times_out_on_a_silent_device",
];

/// The ids of the user and the group that own nothing; source: `DEFAULT_OVERFLOWUID` in include/linux/highuid.h.
const NOBODY: &str = "65534";

/// Under netns-run everything has a deadline; a plain run gets one from timeout(1).
const DEADLINE: &str = "120s";

/// How each test of a suite went, by target and name.
type Told = BTreeMap<String, String>;

/// The same as a step of `ci`: whether only what is explained failed.
pub(crate) fn as_step(workspace: &Workspace) -> anyhow::Result<bool> {
    Ok(run_suites(workspace, &Options { show: false })? == ExitCode::SUCCESS)
}

/// Runs all suites twice. Exit status 0 when what fails under netns-run is what is explained.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<ExitCode> {
    // Whatever ends it, its folder with the binaries goes.
    stop_on_signals()?;
    run_suites(workspace, options)
}

fn run_suites(workspace: &Workspace, options: &Options) -> anyhow::Result<ExitCode> {
    let netns_run = build_netns_run(workspace)?;
    // A folder that everybody may read: the user has to reach the binaries.
    let folder = TempDir::with_prefix_in("netns-real-suites-", workspace.temporary_folder());
    let folder = folder.context("failed to make a folder")?;
    set_mode(folder.path(), 0o755)?;
    // What the suites leave goes with it.
    let temporary = folder.path().join("tmp");
    fs::create_dir(&temporary).context("failed to make a folder")?;
    set_mode(&temporary, 0o1777)?;
    let runner = folder.path().join("netns-run");
    fs::copy(netns_run, &runner).context("failed to copy netns-run")?;
    let sources = fetch(workspace)?;
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["crate", "", "passed", "failed", "ignored"]);
    for column in 2..5 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut unexplained = Vec::new();
    for suite in SUITES {
        eprintln!("{} {}", suite.name, suite.version);
        let binaries = build(workspace, suite, &sources[suite.name], folder.path())?;
        let source = &sources[suite.name];
        let plain = run_all(&binaries, source, &temporary, &["timeout", DEADLINE], false)?;
        let runner = runner.display().to_string();
        let words = [&[&runner[..], "--deadline", DEADLINE], suite.options, &["--"]].concat();
        let isolated = run_all(&binaries, source, &temporary, &words, options.show)?;
        for (how, told) in [("plain", &plain), ("netns-run", &isolated)] {
            let count = |outcome: &str| told.values().filter(|told| told.starts_with(outcome)).count().to_string();
            table.add_row([
                &format!("{} {}", suite.name, suite.version),
                how,
                &count("ok"),
                &count("FAILED"),
                &count("ignored"),
            ]);
        }
        for (test, _) in isolated.iter().filter(|(_, outcome)| *outcome == "FAILED") {
            let is_explained = suite.explained.iter().any(|explained| test.ends_with(&format!(" {explained}")));
            println!(
                "{} {} {test}: {}",
                BAD.paint("fails under netns-run:"),
                suite.name,
                if is_explained { "see docs/real-suites.md" } else { "not explained" }
            );
            if !is_explained {
                unexplained.push(test.clone());
            }
        }
        for (test, _) in plain
            .iter()
            .filter(|(test, outcome)| *outcome == "ok" && isolated.get(*test).is_none_or(|told| told != "ok"))
        {
            println!("{} {} {test}", BAD.paint("passes only plain:"), suite.name);
        }
    }
    println!("\n{table}");
    let good = unexplained.is_empty();
    println!(
        "{}",
        if good { GOOD.paint("real suites passed").to_string() } else { BAD.paint("real suites failed").to_string() }
    );
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn set_mode(folder: &Path, mode: u32) -> anyhow::Result<()> {
    let set = fs::set_permissions(folder, fs::Permissions::from_mode(mode));
    set.with_context(|| format!("failed to open {} to others", folder.display()))
}

fn build_netns_run(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let built = output_of(
        workspace
            .cargo()
            .args(["build", "--package", "netns-fixtures", "--features", "cli", "--bin", "netns-run"])
            .args(["--message-format", "json-render-diagnostics"]),
        Stdio::inherit(),
    )?;
    let (_, executable) = executables(&built.stdout)?.pop().context("cargo has built no netns-run")?;
    Ok(executable)
}

/// The sources of all suites, by the names of their crates: a package that depends on them has cargo fetch them.
fn fetch(workspace: &Workspace) -> anyhow::Result<BTreeMap<&'static str, PathBuf>> {
    let folder = workspace.root().join("target/real-suites");
    fs::create_dir_all(folder.join("src")).context("failed to make a folder")?;
    let dependencies: String =
        SUITES.iter().fold(String::new(), |all, suite| all + &format!("{} = \"={}\"\n", suite.name, suite.version));
    let manifest = format!(
        "[package]\nname = \"real-suites\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}\n[workspace]\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest).context("failed to write a manifest")?;
    fs::write(folder.join("src/lib.rs"), "").context("failed to write a library")?;
    let told = output_of(
        workspace.cargo().current_dir(&folder).args(["metadata", "--format-version", "1"]),
        Stdio::inherit(),
    )?;
    ensure!(told.status.success(), "the crates cannot be fetched");
    let metadata: Value = serde_json::from_slice(&told.stdout).context("cargo's metadata are no JSON")?;
    let packages = metadata["packages"].as_array().context("cargo names no packages")?;
    let source_of = |suite: &Suite| {
        let package =
            packages.iter().find(|package| package["name"] == suite.name && package["version"] == suite.version);
        let manifest = package.and_then(|package| package["manifest_path"].as_str()).map(Path::new);
        manifest.and_then(Path::parent).with_context(|| format!("cargo has not fetched {}", suite.name))
    };
    let mut sources = BTreeMap::new();
    for suite in SUITES {
        // Of its own: cargo does not build in the registry's folder, and a suite may write beside its sources.
        let copy = folder.join(format!("{}-{}", suite.name, suite.version));
        drop(fs::remove_dir_all(&copy));
        copy_folder(source_of(suite)?, &copy)?;
        sources.insert(suite.name, copy);
    }
    Ok(sources)
}

/// The suite's test binaries, copied to where the user can read them.
fn build(workspace: &Workspace, suite: &Suite, source: &Path, folder: &Path) -> anyhow::Result<Vec<(String, PathBuf)>> {
    // A package in a folder below a workspace is asked whether it belongs to it.
    let manifest = source.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).context("failed to read a manifest")?;
    if !text.contains("[workspace]") {
        fs::write(&manifest, text + "\n[workspace]\n").context("failed to write a manifest")?;
    }
    let built = output_of(
        workspace
            .cargo()
            .current_dir(source)
            .args(["test", "--no-run", "--lib", "--tests", "--message-format", "json-render-diagnostics"])
            .args(["--features", &suite.features.join(",")])
            .env("CARGO_TARGET_DIR", workspace.root().join("target/real-suites/target"))
            .env("RUSTFLAGS", "--cap-lints allow"),
        Stdio::inherit(),
    )?;
    if !built.status.success() {
        bail!("the suite of {} does not build", suite.name);
    }
    let mut binaries = Vec::new();
    for (target, executable) in executables(&built.stdout)? {
        let copy = folder.join(format!("{}-{target}", suite.name));
        fs::copy(&executable, &copy).context("failed to copy a test binary")?;
        binaries.push((target, copy));
    }
    ensure!(!binaries.is_empty(), "the suite of {} has no test binary", suite.name);
    Ok(binaries)
}

fn run_all(
    binaries: &[(String, PathBuf)],
    source: &Path,
    temporary: &Path,
    runner: &[&str],
    show: bool,
) -> anyhow::Result<Told> {
    let mut told = Told::new();
    for (target, binary) in binaries {
        let mut words: Vec<&str> = Vec::new();
        if geteuid().is_root() {
            words.extend(["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--"]);
        }
        words.extend(runner);
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).arg(binary).args(["--test-threads", "1"]);
        // The folder of the sources may be closed to the user.
        command.current_dir(if geteuid().is_root() { Path::new("/") } else { source });
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin").env("TMPDIR", temporary);
        let ended = output_of(&mut command, Stdio::piped())?;
        let printed = String::from_utf8_lossy(&ended.stdout);
        let before = told.len();
        for (test, outcome) in printed.lines().filter_map(libtest_line) {
            told.insert(format!("{target} {test}"), outcome.to_owned());
        }
        // A binary that died in the middle has lost tests, which no line tells.
        if !ended.status.success() && !printed.contains("test result: ") {
            told.insert(format!("{target} (the binary: {})", ended.status), "FAILED".to_owned());
        }
        if show && told.iter().skip(before).any(|(_, outcome)| outcome == "FAILED") {
            println!("{printed}{}", String::from_utf8_lossy(&ended.stderr));
        }
    }
    Ok(told)
}

fn libtest_line(line: &str) -> Option<(&str, &str)> {
    let (name, outcome) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    ["ok", "FAILED", "ignored"].iter().find(|known| outcome.starts_with(**known)).map(|outcome| (name, *outcome))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_libtest_are_read_and_others_are_not() {
        assert_eq!(libtest_line("test link::test::add ... ok"), Some(("link::test::add", "ok")));
        assert_eq!(libtest_line("test a ... ignored, needs root"), Some(("a", "ignored")));
        assert_eq!(libtest_line("test result: FAILED. 1 passed"), None);
    }
}
