//! Sources of public crates: cargo fetches the crates that a generated manifest names, and says where they are.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folders of the crates `name-version`, or `name` for the newest, by name and version. The manifest is created in
/// `folder`, which nothing else uses.
///
/// # Errors
///
/// Cargo's message, or the crate that is not among the fetched ones.
pub(crate) fn fetch(crates: &BTreeSet<String>, folder: &Path) -> Result<BTreeMap<String, PathBuf>, String> {
    let mut manifest = "[package]\nname = \"public-crates\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[workspace]\n\n[dependencies]\n".to_owned();
    for (number, full) in crates.iter().enumerate() {
        let (name, version) = wanted(full);
        writeln!(manifest, "c{number} = {{ package = \"{name}\", version = \"{version}\", default-features = false }}")
            .map_err(|error| error.to_string())?;
    }
    let wrote = |error: std::io::Error| format!("failed to write to {}: {error}", folder.display());
    fs::create_dir_all(folder.join("src")).map_err(wrote)?;
    fs::write(folder.join("src/lib.rs"), "").map_err(wrote)?;
    fs::write(folder.join("Cargo.toml"), manifest).map_err(wrote)?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .output()
        .map_err(|error| format!("failed to start cargo: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let known: BTreeMap<String, PathBuf> = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|package| {
            let text = |key: &str| package[key].as_str();
            let folder = Path::new(text("manifest_path")?).parent()?.to_path_buf();
            Some((format!("{}-{}", text("name")?, text("version")?), folder))
        })
        .collect();
    // If several versions fit a name without a version, the last is the manifest's own dependency.
    let found = |full: &String| {
        let is_it = |known: &&String| *known == full || name_and_version(known).is_some_and(|(name, _)| name == full);
        let found = known.keys().rfind(is_it)?;
        Some((found.clone(), known[found].clone()))
    };
    crates.iter().map(|full| found(full).ok_or_else(|| format!("`{full}` is not what cargo has fetched"))).collect()
}

/// The name and requirement of an entry in a list of crates.
fn wanted(full: &str) -> (&str, String) {
    name_and_version(full).map_or((full, "*".to_owned()), |(name, version)| (name, format!("={version}")))
}

/// `serde_json-1.0.154` at the first dash before a number with a dot.
pub(crate) fn name_and_version(full: &str) -> Option<(&str, &str)> {
    let is_version = |text: &str| text.starts_with(|first: char| first.is_ascii_digit()) && text.contains('.');
    full.match_indices('-').map(|(at, _)| (&full[..at], &full[at + 1..])).find(|(_, version)| is_version(version))
}
