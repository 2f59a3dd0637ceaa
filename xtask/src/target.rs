//! Asks rustc about a target, and a program about its loader.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

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
