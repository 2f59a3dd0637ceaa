//! `cargo xtask doctor`: what this machine can do for tests. The answers are the fixtures' own, by a program of theirs.

use std::process::ExitCode;

use clap::Args;

use crate::workspace::{Workspace, hand_on};

const AFTER_HELP: &str = "\
Examples:
  cargo xtask doctor                    every requirement: yes, or no with the reason and the remedy
  cargo xtask doctor --config           every setting: its value, where that comes from, its range, its default
  cargo xtask doctor --config --json    the same for a machine
  cargo xtask doctor --json | jq '.requirements[] | select(.met | not) | .name'

Exit status: 0 tests can be isolated (with --config: the file and all values are good), 1 they cannot, 2 usage.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Print the settings instead of the requirements.
    #[arg(long)]
    config: bool,
}

/// Builds the program and hands its exit status on.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<ExitCode> {
    let mut doctor = workspace.cargo();
    doctor.args(["run", "--quiet", "--package", "netns-fixtures", "--example", "doctor", "--"]);
    if options.json {
        doctor.arg("--json");
    }
    if options.config {
        doctor.arg("--config");
    }
    hand_on(&mut doctor)
}
