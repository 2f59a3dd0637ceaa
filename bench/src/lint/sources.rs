//! The measured files: the crates of bench/lint-sources/Cargo.toml and all of their dependencies, unpacked by `cargo vendor`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

/// Fewer lines show little about large trees.
pub(super) const LEAST_LINES: usize = 5_000_000;

/// Generated bindings in many versions: they would be two thirds of all lines, and resemble each other.
const GENERATED: [&str; 2] = ["windows", "winapi"];

/// The folder of the files.
pub(super) fn folder(data: &Path) -> PathBuf {
    data.join("sources")
}

/// Unpacks missing sources, and counts the lines.
pub(super) fn provide(data: &Path) -> anyhow::Result<usize> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("lint-sources/Cargo.toml");
    let lock = fs::read_to_string(manifest.with_file_name("Cargo.lock")).context("failed to read the lock file")?;
    // This file appears after a complete unpacking; it differs when other versions are requested.
    let complete = data.join("sources.lock");
    let folder = folder(data);
    if fs::read_to_string(&complete).is_ok_and(|known| known == lock) {
        return lines_below(&folder);
    }
    eprintln!("unpacking sources into {}", folder.display());
    fs::create_dir_all(data)?;
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let mut vendor = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    vendor.args(["vendor", "--quiet", "--locked", "--versioned-dirs", "--manifest-path"]).arg(&manifest).arg(&folder);
    let status = vendor.stdout(Stdio::null()).status().context("failed to start cargo")?;
    ensure!(status.success(), "cargo vendor: {status}");
    for package in fs::read_dir(&folder)? {
        let package = package?;
        let name = package.file_name();
        if GENERATED.iter().any(|prefix| name.as_encoded_bytes().starts_with(prefix.as_bytes())) {
            fs::remove_dir_all(package.path())?;
        }
    }
    let lines = lines_below(&folder)?;
    fs::write(&complete, lock)?;
    Ok(lines)
}

fn lines_below(folder: &Path) -> anyhow::Result<usize> {
    let mut lines = 0;
    for entry in ignore::WalkBuilder::new(folder).require_git(false).build() {
        let path = entry?.into_path();
        if path.extension().is_some_and(|end| end == "rs") && path.is_file() {
            lines += fs::read(&path)?.split(|byte| *byte == b'\n').count() - 1;
        }
    }
    Ok(lines)
}
