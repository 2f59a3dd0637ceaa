//! Steps of a nightly run that are one program each.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::{Outcome, check, count};
use crate::chaos;
use crate::packages::published;
use crate::skipped::Skipped;
use crate::workspace::Workspace;

/// Checks licences, sources and doubled crates by cargo-deny. Skips advisories, because not every machine reaches their repository.
pub(super) fn deny(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    check(workspace.cargo().args(["deny", "check", "bans", "licenses", "sources"]))
        .context("cargo-deny fails; cargo install cargo-deny --locked installs it")
}

/// Checks the published packages with the oldest compiler that they promise.
pub(super) fn oldest_compiler(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    let packages = published(workspace)?;
    let oldest = packages.first().and_then(|package| package.manifest["rust_version"].as_str());
    let oldest = oldest.context("the packages promise no version of the compiler")?;
    let toolchain = format!("+{oldest}");
    let mut version = Command::new("cargo");
    let version = version.args([&toolchain, "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !version.is_ok_and(|status| status.success()) {
        return Ok(Outcome::PartlyNotRun(format!(
            "`rustup toolchain install {oldest} --profile minimal` installs the compiler"
        )));
    }
    let mut cargo = Command::new("cargo");
    cargo.current_dir(workspace.root()).env("CARGO_TARGET_DIR", workspace.root().join("target/oldest-compiler"));
    cargo
        .args([&toolchain, "check", "--all-features"])
        .args(packages.iter().flat_map(|package| ["--package", &package.name]));
    check(&mut cargo)
}

/// Lints the benches, whose dependencies no other build has, and runs their tests: clients of QUIC, ICE, UPnP, PCP and NAT-PMP
/// that we did not write.
pub(super) fn bench(workspace: &Workspace, skipped: &Skipped) -> anyhow::Result<Outcome> {
    check(workspace.bench_cargo().args(["clippy", "--all-targets", "--", "--deny", "warnings"]))?;
    count(skipped, workspace.bench_cargo().args(["test", "--tests", "--no-fail-fast"]))
}

/// Kills 2,000 processes of test runs and looks for what is left.
pub(super) fn chaos(workspace: &Workspace, skipped: &Skipped) -> anyhow::Result<Outcome> {
    count(skipped, &mut chaos::test(workspace, 2000))
}

/// Builds the fixtures of a new project from nothing and prints the time and the crates that took longest.
pub(super) fn build_time(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    let folder =
        TempDir::with_prefix_in("build-time-", workspace.temporary_folder()).context("failed to make a folder")?;
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--package", "netns-fixtures", "--timings", "--target-dir"]).arg(folder.path());
    let start = Instant::now();
    check(&mut cargo)?;
    let took = start.elapsed();
    let timings = folder.path().join("cargo-timings/cargo-timing.html");
    let page = std::fs::read_to_string(&timings).with_context(|| format!("failed to read {}", timings.display()))?;
    let units =
        page.split_once("const UNIT_DATA = ").and_then(|(_, rest)| rest.split_once(";\n")).map(|(units, _)| units);
    let units: Vec<Value> = serde_json::from_str(units.context("cargo's page has no table of units")?)
        .context("cargo's table of units is no JSON")?;
    let mut units: Vec<(f64, String)> = units
        .iter()
        .filter_map(|unit| {
            Some((unit["duration"].as_f64()?, format!("{}{}", unit["name"].as_str()?, unit["target"].as_str()?)))
        })
        .collect();
    ensure!(!units.is_empty(), "cargo's table of units is empty");
    units.sort_by(|one, other| other.0.total_cmp(&one.0));
    let longest: Vec<_> = units.iter().take(5).map(|(seconds, name)| format!("{name} {seconds:.1} s")).collect();
    anstream::println!(
        "a clean build of {} crates took {:.0} s; the longest: {}",
        units.len(),
        took.as_secs_f64(),
        longest.join(", ")
    );
    Ok(Outcome::Checked)
}
