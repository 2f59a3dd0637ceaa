//! The step that checks the published packages for other targets: other processors, another C library, and systems without network
//! namespaces, where annotated tests must compile and be ignored.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;

use super::{Outcome, check};
use crate::skipped::Skipped;
use crate::target::is_installed;
use crate::workspace::Workspace;

/// Targets with Linux: all of the fixtures and of netns-run. The first two differ most from this project's own target (`c_char` is
/// unsigned, pointers have 32 bits); the others run with `--nightly`.
const LINUX: [&str; 6] = [
    "aarch64-unknown-linux-gnu",
    "i686-unknown-linux-gnu",
    "aarch64-unknown-linux-musl",
    "armv7-unknown-linux-gnueabihf",
    "riscv64gc-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
];

/// Targets without Linux: the packages with code there, and a test of a user. Every run checks the first one.
const ELSEWHERE: [&str; 3] = ["x86_64-apple-darwin", "x86_64-pc-windows-gnu", "x86_64-unknown-freebsd"];

/// A user's test, whose body and fixtures exist on Linux only.
const TEST: &str = "\
use netns_fixtures::prelude::*;

#[netns_test(deadline = \"5s\", requires(netem))]
#[should_panic]
async fn hosts_talk(net: Pair) -> TestResult {
    net.client.ping(&net.server).run_async().await?.expect_all()?;
    Ok(())
}
";

/// Checks a few targets.
pub(super) fn run(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    check_all(workspace, &LINUX[..2], &ELSEWHERE[..1])
}

/// Checks all targets.
pub(super) fn run_all(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    check_all(workspace, &LINUX, &ELSEWHERE)
}

fn check_all(workspace: &Workspace, linux: &[&str], elsewhere: &[&str]) -> anyhow::Result<Outcome> {
    let mut missing = Vec::new();
    let project = users_project(workspace)?;
    for &target in linux.iter().chain(elsewhere) {
        if !is_installed(target)? {
            missing.push(target);
            continue;
        }
        let mut cargo = workspace.cargo();
        cargo.args(["check", "--quiet", "--target", target, "--package", "netns-fixtures", "--package", "netns-run"]);
        if linux.contains(&target) {
            // Without netns-lint: its allocator is C, and few machines have a C compiler for another processor.
            check(cargo.arg("--all-features"))?;
            continue;
        }
        check(cargo.args(["--package", "netns-lint"]))?;
        let mut cargo = workspace.cargo();
        cargo.args(["check", "--quiet", "--tests", "--target", target]).current_dir(&project);
        check(cargo.env("CARGO_TARGET_DIR", workspace.root().join("target")))?;
    }
    Ok(match missing.as_slice() {
        [] => Outcome::Checked,
        missing => Outcome::PartlyNotRun(format!(
            "rustc has no standard library for {0}; `rustup target add {0}` installs it",
            missing.join(" ")
        )),
    })
}

/// Creates a project with one annotated test, which depends on the fixtures on every system.
fn users_project(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let folder = workspace.root().join("target/user-elsewhere");
    fs::create_dir_all(folder.join("src")).context("failed to make a folder")?;
    let manifest = format!(
        "[workspace]\n\n[package]\nname = \"user-elsewhere\"\nedition = \"2024\"\n\n\
         [dev-dependencies]\nnetns-fixtures = {{ path = \"{}\" }}\n",
        workspace.root().join("fixtures").display()
    );
    fs::write(folder.join("Cargo.toml"), manifest).context("failed to write a manifest")?;
    fs::copy(workspace.root().join("Cargo.lock"), folder.join("Cargo.lock")).context("failed to copy Cargo.lock")?;
    fs::write(folder.join("src/lib.rs"), "#![cfg(test)]\n".to_owned() + TEST).context("failed to write a test")?;
    Ok(folder)
}
