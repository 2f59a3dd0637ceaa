//! The step that packages the published crates as `cargo publish` would. It checks the files of each package, builds each from its packaged
//! files alone, runs the first example of `fixtures/README.md` with them in a new user's project, and compiles `tests/examples` in another.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anstream::println;
use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use super::{Outcome, check, count};
use crate::packages::{Package, published};
use crate::skipped::Skipped;
use crate::workspace::{NOTABLE, Workspace};

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
        if package.manifest["repository"].is_null() {
            println!(
                "{} {}: the manifest has no repository; see docs/stability.md",
                NOTABLE.paint("note"),
                package.name
            );
        }
    }
    let promise = packages.first().and_then(|package| package.manifest["rust_version"].as_str());
    let promise = promise.context("Cargo.toml has no rust-version")?;
    for (file, sentence) in promises(&packages, promise) {
        let text =
            fs::read_to_string(workspace.root().join(&file)).with_context(|| format!("failed to read {file}"))?;
        ensure!(text.contains(&sentence), "{file} does not say {sentence:?}, as Cargo.toml does");
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
    let examples = examples_project(workspace, &packages, &target.join("package"))?;
    let mut checking = workspace.cargo();
    checking.current_dir(&examples).args(["check", "--quiet", "--tests"]).env("CARGO_PROFILE_DEV_DEBUG", "0");
    check(checking.env("CARGO_TARGET_DIR", &target))
        .context("an example does not compile with the dependencies that tests/examples/README.md lists")?;
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
    // Otherwise docs.rs might show the crate as it is on another system: without its items.
    let is_for_linux = |dependency: &Value| dependency["target"] == "cfg(target_os = \"linux\")";
    if package.manifest["dependencies"].as_array().is_some_and(|all| all.iter().any(is_for_linux)) {
        let targets = &package.manifest["metadata"]["docs"]["rs"]["targets"];
        ensure!(targets == &json!(["x86_64-unknown-linux-gnu"]), "the targets of docs.rs are {targets}, and not Linux");
    }
    Ok(())
}

/// Returns the files that promise the oldest compiler, each with its words.
fn promises(packages: &[Package], oldest: &str) -> Vec<(String, String)> {
    let sentence = format!("Rust {oldest} or newer");
    let readmes = packages.iter().map(|package| format!("{}/README.md", folder_of(package)));
    let readmes = readmes.chain(["README.md".to_owned()]).map(|file| (file, sentence.clone()));
    readmes.chain([("docs/stability.md".to_owned(), format!("| Rust to build | {oldest} ("))]).collect()
}

/// Returns the folder of a package, below the root.
fn folder_of(package: &Package) -> &str {
    package.name.trim_start_matches("netns-")
}

/// Checks that all packages have equal copies of the files that they share. They are copies because some archives and file systems lose
/// links.
fn check_copies(root: &Path, packages: &[Package]) -> anyhow::Result<()> {
    let read = |path: &str| fs::read(root.join(path)).with_context(|| format!("failed to read {path}"));
    let mut copies = vec![("docs/errors.md".to_owned(), "run/src/errors.md".to_owned())];
    for package in packages {
        let folder = folder_of(package);
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

/// Creates the project of a new user: the dependency of `README.md` and the first tests of it and of `fixtures/README.md`.
fn new_project(workspace: &Workspace, packages: &[Package], sources: &Path) -> anyhow::Result<PathBuf> {
    let [readme, of_package] =
        ["README.md", "fixtures/README.md"].map(|file| fs::read_to_string(workspace.root().join(file)));
    let (readme, of_package) =
        (readme.context("failed to read README.md")?, of_package.context("failed to read a README")?);
    let folder = project(workspace, packages, sources, "new-project", &block(&readme, "toml")?)?;
    for (file, text) in [("tests/network.rs", &readme), ("tests/first.rs", &of_package)] {
        fs::write(folder.join(file), block(text, "rust")?).context("failed to write a test")?;
    }
    Ok(folder)
}

/// Creates a project with all of `tests/examples`, and with the dependencies that their README lists.
fn examples_project(workspace: &Workspace, packages: &[Package], sources: &Path) -> anyhow::Result<PathBuf> {
    let examples = workspace.root().join("tests/examples");
    let readme = fs::read_to_string(examples.join("README.md")).context("failed to read the README of the examples")?;
    let folder = project(workspace, packages, sources, "examples-project", &block(&readme, "toml")?)?;
    for entry in fs::read_dir(&examples).context("failed to list the examples")? {
        let file = entry?.path();
        // The settings belong to the root of a workspace, and `main.rs` unites the examples.
        if file.is_file() && !["main.rs", "README.md", "netns-test.toml"].iter().any(|other| file.ends_with(other)) {
            let to = folder.join("tests").join(file.file_name().context("an example has no name")?);
            fs::copy(&file, to).context("failed to copy an example")?;
        }
    }
    Ok(folder)
}

/// Creates an empty project in its own folder, with the packaged sources in place of a registry.
fn project(
    workspace: &Workspace,
    packages: &[Package],
    sources: &Path,
    name: &str,
    dependencies: &str,
) -> anyhow::Result<PathBuf> {
    let folder = workspace.root().join(TARGET).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).context("failed to remove the project of the last run")?;
    }
    for below in ["src", "tests"] {
        fs::create_dir_all(folder.join(below)).context("failed to make a folder")?;
    }
    let mut manifest = format!("[workspace]\n\n[package]\nname = \"{name}\"\nedition = \"2024\"\n\n{dependencies}");
    manifest.push_str("\n[patch.crates-io]\n");
    for Package { name, version, .. } in packages {
        let source = sources.join(format!("{name}-{version}"));
        writeln!(manifest, "{name} = {{ path = \"{}\" }}", source.display())?;
    }
    // Uses the versions that the workspace is tested with.
    fs::copy(workspace.root().join("Cargo.lock"), folder.join("Cargo.lock")).context("failed to copy Cargo.lock")?;
    fs::write(folder.join("Cargo.toml"), manifest).context("failed to write a manifest")?;
    fs::write(folder.join("src/lib.rs"), "").context("failed to write a library")?;
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
    fn a_crate_for_linux_needs_that_target_on_docs_rs() {
        let workspace = Workspace::find().unwrap();
        for mut package in published(&workspace).unwrap() {
            check_metadata(&package).unwrap();
            package.manifest["metadata"] = Value::Null;
            assert_eq!(check_metadata(&package).is_ok(), package.name == "netns-macros", "{}", package.name);
        }
    }

    #[test]
    fn each_readme_promises_the_compiler() {
        let packages = published(&Workspace::find().unwrap()).unwrap();
        let promises = promises(&packages, "1.2");
        assert_eq!(promises.len(), packages.len() + 2);
        assert!(promises.contains(&("run/README.md".to_owned(), "Rust 1.2 or newer".to_owned())), "{promises:?}");
    }

    #[test]
    fn a_block_ends_at_its_fence() {
        assert_eq!(block("a\n```rust\nfn f() {}\n```\nb\n```rust\n```", "rust").unwrap(), "fn f() {}\n");
        assert_eq!(block("a\n```rust,no_run\nfn f() {}\n```\n", "rust").unwrap(), "fn f() {}\n");
        assert!(block("```toml\n```", "rust").is_err());
    }
}
