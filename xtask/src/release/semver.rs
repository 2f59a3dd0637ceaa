//! Compares the public interface of the packages with the published versions, or, before the first publication, with the last tag, by
//! cargo-semver-checks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, ensure};
use tempfile::TempDir;

use super::git;
use crate::packages::published;
use crate::program::output_of;
use crate::workspace::Workspace;

/// Compares all published packages, and returns the version that they were compared with; `None` if there is neither a published version nor
/// a tag.
///
/// # Errors
///
/// The interface breaks what semantic versioning promises, cargo-semver-checks is not installed, or the registry does not answer.
pub(crate) fn compare(workspace: &Workspace) -> anyhow::Result<Option<String>> {
    let packages = published(workspace)?;
    let first = &packages.first().context("no package is published")?.name;
    // The name with its registry: cargo would show the package of the workspace otherwise.
    let shown = output_of(workspace.cargo().args(["info", "--registry", "crates-io", first]), Stdio::piped())?;
    let tag = if shown.status.success() {
        None
    } else {
        let errors = String::from_utf8_lossy(&shown.stderr);
        ensure!(is_unpublished(&errors, first), "cargo info {first}: {}", errors.trim());
        let Some(tag) = last_tag(workspace.root())? else { return Ok(None) };
        Some(tag)
    };
    ensure_installed(workspace)?;
    let mut checks = workspace.cargo();
    checks.arg("semver-checks").args(packages.iter().flat_map(|package| ["--package", &package.name]));
    if let Some(tag) = &tag {
        checks.args(["--baseline-rev", tag]);
    }
    ensure!(checks.status().context("failed to start cargo")?.success(), "the version breaks what a user may rely on");
    Ok(Some(tag.map_or_else(|| "the published version".to_owned(), |tag| format!("the tag {tag}"))))
}

/// Shows that a comparison can fail: of two versions of a small package, the patch version that removes a public function is refused,
/// and the one that keeps it is not.
///
/// # Errors
///
/// cargo-semver-checks judges one of the two wrongly, or is not installed.
pub(crate) fn control(workspace: &Workspace) -> anyhow::Result<()> {
    ensure_installed(workspace)?;
    let folder = TempDir::new_in(workspace.temporary_folder()).context("failed to make a folder")?;
    let package = |version: &str, source: &str| -> anyhow::Result<PathBuf> {
        let package = folder.path().join(version);
        fs::create_dir_all(package.join("src"))?;
        let manifest =
            format!("[package]\nname = \"control\"\nversion = \"{version}\"\nedition = \"2024\"\n[workspace]\n");
        fs::write(package.join("Cargo.toml"), manifest)?;
        fs::write(package.join("src/lib.rs"), source)?;
        Ok(package)
    };
    let before = package("0.1.0", "pub fn promised() {}")?;
    for (version, source, keeps) in [("0.1.1", "pub fn promised() {}", true), ("0.1.2", "", false)] {
        let mut checks = workspace.cargo();
        checks.arg("semver-checks").arg("--manifest-path").arg(package(version, source)?.join("Cargo.toml"));
        let judged = output_of(checks.arg("--baseline-root").arg(&before), Stdio::piped())?;
        let output = format!("{}{}", String::from_utf8_lossy(&judged.stdout), String::from_utf8_lossy(&judged.stderr));
        let as_expected = judged.status.success() == keeps && output.contains("promised") != keeps;
        ensure!(as_expected, "cargo-semver-checks judges the control {version} wrongly:\n{output}");
    }
    Ok(())
}

fn ensure_installed(workspace: &Workspace) -> anyhow::Result<()> {
    let version = output_of(workspace.cargo().args(["semver-checks", "--version"]), Stdio::null())?;
    ensure!(
        version.status.success(),
        "cargo-semver-checks is not installed; cargo install cargo-semver-checks --locked"
    );
    Ok(())
}

/// Returns the last tag of a release before this commit.
///
/// # Errors
///
/// The clone is shallow: it lacks older commits and their tags.
fn last_tag(root: &Path) -> anyhow::Result<Option<String>> {
    let is_shallow = git(root, &["rev-parse", "--is-shallow-repository"])?.trim() == "true";
    ensure!(!is_shallow, "this clone is shallow and may lack the last tag; `git fetch --unshallow --tags` gets it");
    // Versions with a suffix come before the version itself.
    let order = ["-c", "versionsort.suffix=-", "tag", "--sort=-version:refname"];
    let tags = git(root, &[&order[..], &["--list", "v*", "--merged", "HEAD", "--no-contains", "HEAD"]].concat())?;
    Ok(tags.lines().next().map(str::to_owned))
}

/// Returns whether cargo's message says that the registry has no such package, and not that it does not answer.
fn is_unpublished(errors: &str, package: &str) -> bool {
    errors.contains(&format!("error: could not find `{package}` in registry"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever this user's settings of git are.
    const COMMIT: [&str; 10] = [
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b",
        "-c",
        "commit.gpgSign=false",
        "commit",
        "--quiet",
        "--message",
        "a",
    ];

    #[test]
    fn the_last_tag_is_the_highest_one_before_this_commit() {
        let folder = TempDir::new().unwrap();
        let run = |arguments: &[&str]| git(folder.path(), arguments).unwrap();
        run(&["init", "--quiet"]);
        let commit = || run(&[&COMMIT[..], &["--allow-empty"]].concat());
        let rows = [("v0.9.0", None), ("v0.10.0", Some("v0.9.0")), ("other", Some("v0.10.0"))];
        for (tag, expected) in rows {
            commit();
            assert_eq!(last_tag(folder.path()).unwrap().as_deref(), expected);
            run(&["tag", tag]);
        }
    }

    #[test]
    fn a_shallow_clone_is_not_one_without_tags() {
        let folder = TempDir::new().unwrap();
        let run = |arguments: &[&str]| git(folder.path(), arguments).unwrap();
        run(&["init", "--quiet", "whole"]);
        for _ in 0..2 {
            run(&[&["-C", "whole"], &COMMIT[..], &["--allow-empty"]].concat());
        }
        let whole = folder.path().join("whole");
        assert_eq!(last_tag(&whole).unwrap(), None);
        run(&["clone", "--quiet", "--depth", "1", &format!("file://{}", whole.display()), "shallow"]);
        let error = last_tag(&folder.path().join("shallow")).unwrap_err().to_string();
        assert!(error.starts_with("this clone is shallow"), "{error}");
    }

    #[test]
    fn a_registry_that_does_not_answer_is_not_one_without_the_package() {
        let unpublished =
            "    Updating crates.io index\nerror: could not find `a` in registry `https://example.test`\n";
        assert!(is_unpublished(unpublished, "a"));
        assert!(!is_unpublished(unpublished, "b"));
        assert!(!is_unpublished(
            "error: failed to query replaced source registry `crates-io`\n\nCaused by: download of config.json failed",
            "a"
        ));
    }
}
