//! Measures the cost of a program that a test starts, against `posix_spawn` and `waitpid` of the same program in the same run.
//!
//! The program is dynamically linked, as daemons are: its loader takes most of the floor.

use std::ffi::CStr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use clap::Parser;
use netns_fixtures::net::Namespace;
use netns_fixtures::process::Stdio;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, posix_spawn};
use nix::sys::wait::{WaitStatus, waitpid};

use netns_bench::report::{self, Figure};

/// Measures the processes of netns-fixtures.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench processes")]
struct Options {
    /// Print one JSON array instead of a table.
    #[arg(long)]
    json: bool,
    /// How often each is measured.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    samples: u32,
}

/// Exits at once with success; coreutils install it everywhere.
const PROGRAM: &CStr = c"/usr/bin/true";

const MEANING: &str = "spawn: `status()` with both outputs captured; without_output: with /dev/null for both";

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let program = PROGRAM.to_str()?;
    let own = Namespace::current()?;
    let (mut captured, mut silent) = (own.command(program), own.command(program));
    silent.stdout(Stdio::null()).stderr(Stdio::null());
    let mut run_captured = || {
        let status = captured.status().context("failed to start the program")?;
        ensure!(status.success(), "the program failed");
        Ok(())
    };
    let mut run_silent = || {
        let status = silent.status().context("failed to start the program")?;
        ensure!(status.success(), "the program failed");
        Ok(())
    };
    let (mut floors, mut spawns, mut silents) = (Vec::new(), Vec::new(), Vec::new());
    // The first start of each kind reads the program from the disk and starts the attendant.
    floor()?;
    run_captured()?;
    for _ in 0..options.samples {
        floors.push(timed(floor)?);
        spawns.push(timed(&mut run_captured)?);
        silents.push(timed(&mut run_silent)?);
    }
    let floor = Figure::of_times("processes/floor", &floors, None);
    let spawn = Figure::of_times("processes/spawn", &spawns, Some(&floor)).at_most(1.3);
    let silent = Figure::of_times("processes/spawn_without_output", &silents, Some(&floor));
    let figures = [floor, spawn, silent];
    report::print(&figures, options.json, MEANING)?;
    Ok(())
}

fn floor() -> anyhow::Result<()> {
    let no_actions = PosixSpawnFileActions::init()?;
    let no_attributes = PosixSpawnAttr::init()?;
    let child = posix_spawn(PROGRAM, &no_actions, &no_attributes, &[PROGRAM], &[] as &[&CStr])?;
    match waitpid(child, None)? {
        WaitStatus::Exited(_, 0) => Ok(()),
        other => bail!("the program failed: {other:?}"),
    }
}

fn timed(operation: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    let start = Instant::now();
    operation()?;
    Ok(start.elapsed())
}
