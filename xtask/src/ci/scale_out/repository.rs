//! Builds the repository of a user who spreads a suite over machines, from suites of this workspace.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::workspace::Workspace;

/// The files of this workspace that the user has, with their paths there.
const FILES: &[(&str, &str)] = &[
    (".config/nextest.toml", ".config/nextest.toml"),
    ("Cargo.lock", "Cargo.lock"),
    ("tests/suites/src/bin/netns-greeter.rs", "src/bin/netns-greeter.rs"),
    ("tests/suites/suites/spread.rs", "tests/spread.rs"),
    ("tests/examples/loopback.rs", "tests/loopback.rs"),
    ("tests/examples/tcp.rs", "tests/tcp.rs"),
];

/// The user's package, which depends on the fixtures as every user's does, but by path.
const MANIFEST: &str = "\
[workspace]

[package]
name = \"suite-of-a-user\"
version = \"0.1.0\"
edition = \"2024\"

[dev-dependencies]
netns-fixtures = { path = \"FIXTURES\" }
tokio = { version = \"1\", features = [\"io-util\", \"net\", \"rt\"] }

[profile.dev]
debug = \"line-tables-only\"
";

/// Recreates the repository in a folder below `target`.
pub(super) fn make(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let folder = workspace.root().join("target/scale-out/repository");
    if folder.exists() {
        fs::remove_dir_all(&folder).context("failed to remove the repository of the last run")?;
    }
    for (from, to) in FILES {
        copy(&workspace.root().join(from), &folder.join(to))?;
    }
    let fixtures = workspace.root().join("fixtures");
    let manifest = MANIFEST.replace("FIXTURES", fixtures.to_str().context("the workspace's path is no UTF-8")?);
    fs::write(folder.join("Cargo.toml"), manifest).context("failed to write a manifest")?;
    Ok(folder)
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to.parent().context("a file lies in no folder")?).context("failed to make a folder")?;
    fs::copy(from, to).with_context(|| format!("failed to copy {}", from.display()))?;
    Ok(())
}
