//! `cargo xtask doctor`: `netns-run doctor` of this workspace.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::workspace::{Workspace, hand_on};

/// Builds and runs the program; returns its exit status.
pub(crate) fn run(workspace: &Workspace, arguments: &[OsString]) -> anyhow::Result<ExitCode> {
    let mut doctor = workspace.cargo();
    doctor.args(["run", "--quiet", "--package", "netns-run", "--bin", "netns-run", "--", "doctor"]).args(arguments);
    hand_on(&mut doctor)
}
