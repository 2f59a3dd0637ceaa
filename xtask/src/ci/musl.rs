//! The step that builds some suites for musl, statically, and runs them: another C library on the same system calls.

use std::process::{Command, Stdio};

use anyhow::ensure;

use super::{Outcome, count};
use crate::program::{executables, output_of, this_program};
use crate::skipped::Skipped;
use crate::target::{asks_for_a_loader, is_installed};
use crate::workspace::Workspace;

/// Test targets that cover isolation, processes and networks once each.
const SUITES: &[&str] = &[
    "first",
    "failure_truth",
    "surroundings",
    "isolation",
    "process_command",
    "links",
    "hosts",
    "netns_run",
    "netns_run_terminal",
];

pub(super) fn run(workspace: &Workspace, skipped: &Skipped) -> anyhow::Result<Outcome> {
    let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    if !is_installed(&target)? {
        return Ok(Outcome::NotNeeded("rustc has no standard library for musl here; `rustup target add` installs one"));
    }
    let mut building = cargo_test(workspace, &target);
    building.args(["--no-run", "--message-format", "json-render-diagnostics"]);
    let told = output_of(&mut building, Stdio::inherit())?;
    ensure!(told.status.success(), "the suites do not build for {target}");
    // The control: this program is dynamic, unless it was built for musl itself.
    ensure!(
        cfg!(target_env = "musl") || asks_for_a_loader(&this_program()?)?,
        "readelf shows no loader of this program"
    );
    for (name, executable) in executables(&told.stdout)? {
        ensure!(!asks_for_a_loader(&executable)?, "{name} is not static");
    }
    count(skipped, cargo_test(workspace, &target).arg("--no-fail-fast"))
}

/// Sets the target in the environment, which suites pass on when they build other suites.
fn cargo_test(workspace: &Workspace, target: &str) -> Command {
    let mut cargo = workspace.cargo();
    cargo.env("CARGO_BUILD_TARGET", target).args(["test", "--workspace"]);
    cargo.args(SUITES.iter().flat_map(|suite| ["--test", suite]));
    cargo
}
