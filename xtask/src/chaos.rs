//! `cargo xtask chaos`: kills processes of test runs at random moments and counts what remains. The test is `tests/tests/nothing_left.rs`;
//! this command passes it the number of kills and shows its output.

use std::process::{Command, ExitCode};

use clap::Args;

use crate::workspace::{Workspace, hand_on};

const AFTER_HELP: &str = "\
Examples:
  cargo xtask chaos              2,000 processes, some ten minutes; every second run pauses its failed tests
  cargo xtask chaos --kills 100  as many as every test run

Exit status: 0 nothing was left, 101 something was.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// How many processes are killed: runners, zygotes, first processes and bodies.
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    kills: u32,
}

/// Builds and runs the test; returns its exit status.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<ExitCode> {
    hand_on(&mut test(workspace, options.kills))
}

/// Returns the command that builds and runs the test.
pub(crate) fn test(workspace: &Workspace, kills: u32) -> Command {
    let mut test = workspace.cargo();
    test.args(["test", "--workspace", "--test", "nothing_left", "--", "--show-output"]);
    test.args(["--exact", "nothing_is_left_when_anything_is_killed_under_pressure"]);
    test.env("NETNS_CHAOS_KILLS", kills.to_string());
    test
}
