//! The published packages of the workspace, as cargo lists them.

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use crate::workspace::Workspace;

/// A published package of the workspace.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Its entry in `cargo metadata`.
    pub(crate) manifest: Value,
}

/// Returns all packages without `publish = false`. They share one version.
pub(crate) fn published(workspace: &Workspace) -> anyhow::Result<Vec<Package>> {
    let metadata = workspace.cargo().args(["metadata", "--no-deps", "--format-version", "1"]).output()?;
    ensure!(metadata.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: Value = serde_json::from_slice(&metadata.stdout).context("cargo metadata does not print JSON")?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?.iter();
    let text = |manifest: &Value, key: &str| manifest[key].as_str().map(str::to_owned).with_context(|| key.to_owned());
    let packages = packages
        .filter(|manifest| manifest["publish"].is_null())
        .map(|manifest| {
            Ok(Package {
                name: text(manifest, "name")?,
                version: text(manifest, "version")?,
                manifest: manifest.clone(),
            })
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let first = packages.first().context("no package is published")?;
    if let Some(other) = packages.iter().find(|package| package.version != first.version) {
        bail!("{} has the version {}, {} has {}", first.name, first.version, other.name, other.version);
    }
    Ok(packages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_packages_are_these() {
        let packages = published(&Workspace::find().unwrap()).unwrap();
        let names: Vec<_> = packages.iter().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["netns-fixtures", "netns-macros", "netns-lint", "netns-run", "netns-vm"]);
    }
}
