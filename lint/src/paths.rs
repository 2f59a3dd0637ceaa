//! Paths as reports show them, and as the analysis compares them.

use std::path::{Path, PathBuf};

/// Returns a path as reports show it: relative to the working directory if it is inside, without `./`.
pub(crate) fn tidy(path: &Path) -> PathBuf {
    let path = match std::env::current_dir() {
        Ok(here) if path.is_absolute() => path.strip_prefix(here).unwrap_or(path),
        _ => path,
    };
    path.components().filter(|component| !matches!(component, std::path::Component::CurDir)).collect()
}

/// Returns the absolute path; the empty path is the working directory.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    path.components().filter(|component| !matches!(component, std::path::Component::CurDir)).collect()
}
