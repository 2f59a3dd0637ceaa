//! The step that packages the published crates as `cargo publish` would. It checks the files of each package, builds each from its packaged
//! files alone, and runs the first example of `fixtures/README.md` with them in a new user's project.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};

use super::{Outcome, check, count};
use crate::packages::{Package, published};
use crate::skipped::Skipped;
use crate::workspace::Workspace;

/// Files that every package must contain.
const REQUIRED: [&str; 4] = ["Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT", "README.md"];

/// Files that cargo adds to each package.
const BY_CARGO: [&str; 3] = [".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml.orig"];

/// The target folder of this step, below the workspace. It is separate, because the packages build with other features than the workspace.
const TARGET: &str = "target/packaged";

pub(super) fn run(workspace: &Workspace, skipped: &Skipped) -> anyhow::Result<Outcome> {
    let packages = published(workspace)?;
    check_copies(workspace.root(), &packages)?;
    for package in &packages {
        check_metadata(package).and_then(|()| check_files(workspace, package)).with_context(|| package.name.clone())?;
    }
    let target = workspace.root().join(TARGET);
    let mut packaging = workspace.cargo();
    packaging.args(["package", "--quiet", "--allow-dirty", "--target-dir"]).arg(&target);
    packaging.args(packages.iter().flat_map(|package| ["--package", &package.name]));
    check(packaging.env("CARGO_PROFILE_DEV_DEBUG", "0"))?;
    // Built from the packaged files: its index of errors is one of them.
    let explained = Command::new(target.join("debug/netns-run")).args(["explain", "NT107"]).output();
    let explained = explained.context("failed to start the packaged netns-run")?;
    ensure!(explained.status.success() && !explained.stdout.is_empty(), "the packaged netns-run explains no code");
    let project = new_project(workspace, &packages, &target.join("package"))?;
    let mut testing = workspace.cargo();
    testing.current_dir(&project).args(["test", "--quiet"]).env("CARGO_PROFILE_DEV_DEBUG", "0");
    count(skipped, testing.env("CARGO_TARGET_DIR", &target))
}

/// Checks the fields that a registry requires or shows.
fn check_metadata(package: &Package) -> anyhow::Result<()> {
    for key in ["description", "license", "documentation", "rust_version", "readme"] {
        ensure!(package.manifest[key].is_string(), "the manifest has no {key}");
    }
    for key in ["keywords", "categories"] {
        let count = package.manifest[key].as_array().map_or(0, Vec::len);
        // A registry rejects more than five.
        ensure!((1..=5).contains(&count), "the manifest has {count} {key}");
    }
    Ok(())
}

/// Checks that all packages have equal copies of the files that they share. They are copies because some archives and file systems lose
/// links.
fn check_copies(root: &Path, packages: &[Package]) -> anyhow::Result<()> {
    let read = |path: &str| fs::read(root.join(path)).with_context(|| format!("failed to read {path}"));
    let mut copies = vec![("docs/errors.md".to_owned(), "run/src/errors.md".to_owned())];
    for package in packages {
        let folder = package.name.trim_start_matches("netns-");
        copies.extend(["LICENSE-APACHE", "LICENSE-MIT"].map(|file| (file.to_owned(), format!("{folder}/{file}"))));
    }
    for (original, copy) in copies {
        ensure!(read(&original)? == read(&copy)?, "{copy} differs from {original}; copy it again");
    }
    Ok(())
}

/// Checks that the package contains sources, README and licences, and nothing else.
fn check_files(workspace: &Workspace, package: &Package) -> anyhow::Result<()> {
    let listed = workspace.cargo().args(["package", "--list", "--allow-dirty", "--package", &package.name]).output()?;
    ensure!(listed.status.success(), "cargo package --list: {}", String::from_utf8_lossy(&listed.stderr));
    let files: Vec<_> = str::from_utf8(&listed.stdout).context("a path is not UTF-8")?.lines().collect();
    unexpected_or_missing(&files)
}

fn unexpected_or_missing(files: &[&str]) -> anyhow::Result<()> {
    for required in REQUIRED {
        ensure!(files.contains(&required), "the package has no {required}");
    }
    let is_expected = |file: &&str| {
        file.starts_with("src/") || REQUIRED.contains(file) || BY_CARGO.contains(file) || *file == "build.rs"
    };
    match files.iter().find(|file| !is_expected(file)) {
        Some(file) => bail!("the package has {file}, which nobody needs"),
        None => Ok(()),
    }
}

/// Creates the project of a new user in its own folder: the dependency of `README.md` and the first tests of it and of `fixtures/README.md`, with
/// the packaged sources in place of a registry.
fn new_project(workspace: &Workspace, packages: &[Package], sources: &Path) -> anyhow::Result<PathBuf> {
    let folder = workspace.root().join(TARGET).join("new-project");
    if folder.exists() {
        fs::remove_dir_all(&folder).context("failed to remove the project of the last run")?;
    }
    for below in ["src", "tests"] {
        fs::create_dir_all(folder.join(below)).context("failed to make a folder")?;
    }
    let [readme, of_package] =
        ["README.md", "fixtures/README.md"].map(|file| fs::read_to_string(workspace.root().join(file)));
    let (readme, of_package) =
        (readme.context("failed to read README.md")?, of_package.context("failed to read a README")?);
    let mut manifest = "[workspace]\n\n[package]\nname = \"new-project\"\nedition = \"2024\"\n\n".to_owned();
    manifest.push_str(&block(&readme, "toml")?);
    manifest.push_str("\n[patch.crates-io]\n");
    for Package { name, version, .. } in packages {
        let source = sources.join(format!("{name}-{version}"));
        writeln!(manifest, "{name} = {{ path = \"{}\" }}", source.display())?;
    }
    // Uses the versions that the workspace is tested with.
    fs::copy(workspace.root().join("Cargo.lock"), folder.join("Cargo.lock")).context("failed to copy Cargo.lock")?;
    fs::write(folder.join("Cargo.toml"), manifest).context("failed to write a manifest")?;
    fs::write(folder.join("src/lib.rs"), "").context("failed to write a library")?;
    for (file, text) in [("tests/network.rs", &readme), ("tests/first.rs", &of_package)] {
        fs::write(folder.join(file), block(text, "rust")?).context("failed to write a test")?;
    }
    Ok(folder)
}

/// Returns the first fenced block of a language, whose attributes may follow it.
fn block(text: &str, language: &str) -> anyhow::Result<String> {
    let (_, fenced) = text.split_once(&format!("```{language}")).with_context(|| format!("no block of {language}"))?;
    let (_, block) = fenced.split_once('\n').context("a block has no text")?;
    Ok(block.split_once("```").context("a block has no end")?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_too_many_and_a_missing_licence_are_found() {
        let good = ["Cargo.toml", "Cargo.lock", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "src/lib.rs"];
        unexpected_or_missing(&good).unwrap();
        let with_a_test = [&good[..], &["tests/large.bin"]].concat();
        assert!(unexpected_or_missing(&with_a_test).unwrap_err().to_string().contains("tests/large.bin"));
        assert!(unexpected_or_missing(&good[1..]).unwrap_err().to_string().contains("Cargo.toml"));
    }

    #[test]
    fn a_copy_that_differs_is_found() {
        let workspace = Workspace::find().unwrap();
        let packages = published(&workspace).unwrap();
        check_copies(workspace.root(), &packages).unwrap();
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("docs")).unwrap();
        fs::create_dir_all(root.path().join("run/src")).unwrap();
        fs::write(root.path().join("docs/errors.md"), "## NT101\n").unwrap();
        fs::write(root.path().join("run/src/errors.md"), "../../docs/errors.md").unwrap();
        let error = check_copies(root.path(), &[]).unwrap_err().to_string();
        assert_eq!(error, "run/src/errors.md differs from docs/errors.md; copy it again");
    }

    #[test]
    fn a_block_ends_at_its_fence() {
        assert_eq!(block("a\n```rust\nfn f() {}\n```\nb\n```rust\n```", "rust").unwrap(), "fn f() {}\n");
        assert_eq!(block("a\n```rust,no_run\nfn f() {}\n```\n", "rust").unwrap(), "fn f() {}\n");
        assert!(block("```toml\n```", "rust").is_err());
    }
}
