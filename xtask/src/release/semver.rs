//! Compares the public interface of the packages with the published versions, by cargo-semver-checks.

use std::process::Stdio;

use anyhow::{Context, bail, ensure};

use crate::ci::{output_of, published};
use crate::workspace::Workspace;

/// Compares all published packages, and returns whether there was a version to compare with.
///
/// # Errors
///
/// The interface breaks what semantic versioning promises, cargo-semver-checks is not installed, or the registry does not answer.
pub(crate) fn compare(workspace: &Workspace) -> anyhow::Result<bool> {
    let packages = published(workspace)?;
    let first = &packages.first().context("no package is published")?.name;
    // The name with its registry: cargo would show the package of the workspace otherwise.
    let shown = output_of(workspace.cargo().args(["info", "--registry", "crates-io", first]), Stdio::piped())?;
    if !shown.status.success() {
        let errors = String::from_utf8_lossy(&shown.stderr);
        ensure!(is_unpublished(&errors, first), "cargo info {first}: {}", errors.trim());
        return Ok(false);
    }
    let version = output_of(workspace.cargo().args(["semver-checks", "--version"]), Stdio::null())?;
    if !version.status.success() {
        bail!("cargo-semver-checks is not installed; cargo install cargo-semver-checks --locked");
    }
    let mut checks = workspace.cargo();
    checks.arg("semver-checks").args(packages.iter().flat_map(|package| ["--package", &package.name]));
    ensure!(checks.status().context("failed to start cargo")?.success(), "the version breaks what a user may rely on");
    Ok(true)
}

/// Returns whether cargo's message says that the registry has no such package, and not that it does not answer.
fn is_unpublished(errors: &str, package: &str) -> bool {
    errors.contains(&format!("error: could not find `{package}` in registry"))
}

#[cfg(test)]
mod tests {
    use super::*;

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
