//! The step that builds some suites for musl, statically, and runs them: another C library on the same system calls.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use super::program::{executables, output_of};
use super::skipped::Skipped;
use super::{Outcome, count, this_program};
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

/// Returns whether rustc has a standard library for the target.
pub(crate) fn is_installed(target: &str) -> anyhow::Result<bool> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let printed = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", target])
        .output()
        .context("failed to start rustc")?;
    let folder = PathBuf::from(String::from_utf8_lossy(&printed.stdout).trim_end());
    Ok(printed.status.success() && folder.is_dir())
}

/// Returns whether the program needs a dynamic loader; source: `PT_INTERP` in elf(5).
pub(crate) fn asks_for_a_loader(program: &Path) -> anyhow::Result<bool> {
    let told = Command::new("readelf")
        .args(["--program-headers", "--wide", "--"])
        .arg(program)
        .output()
        .context("failed to start readelf (package binutils)")?;
    ensure!(told.status.success(), "readelf cannot read {}", program.display());
    let headers = String::from_utf8_lossy(&told.stdout);
    ensure!(headers.contains("LOAD"), "readelf shows no program headers of {}", program.display());
    Ok(headers.lines().any(|line| line.trim_start().starts_with("INTERP")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_does_not_exist_is_not_installed() {
        assert!(!is_installed("x86_64-unknown-linux-nowhere").unwrap());
    }
}
