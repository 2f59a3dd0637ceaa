//! Gives each step its own temporary folder, which must be empty when the step ends.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Context;
use tempfile::TempDir;

/// The maximum number of leftover paths in a report; the first ones suffice to find their origin.
const TOLD: usize = 20;

/// The temporary folder of one step. Dropping it removes it with its content.
pub(super) struct TemporaryFolder {
    folder: TempDir,
}

impl TemporaryFolder {
    /// Creates an empty folder. Other users may write to it, as to `/tmp`, because some tests run as nobody.
    pub(super) fn new() -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("netns-ci-").context("failed to make a folder for temporary files")?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o1777))
            .context("failed to open a folder for temporary files to all")?;
        Ok(Self { folder })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the paths below the folder, recursively.
    pub(super) fn remains(&self) -> Vec<String> {
        remains_in(self.path())
    }
}

/// Returns the first paths below a folder, and the number of the others.
pub(super) fn remains_in(folder: &Path) -> Vec<String> {
    let mut paths = Vec::new();
    if let Err(error) = list(folder, folder, &mut paths) {
        // The folder vanished while it was listed: a leftover process is still at work.
        paths.push(format!("something that cannot be listed: {error}"));
    }
    let more = paths.len().saturating_sub(TOLD);
    paths.truncate(TOLD);
    if more > 0 {
        paths.push(format!("and {more} more"));
    }
    paths
}

fn list(folder: &Path, top: &Path, paths: &mut Vec<String>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let is_folder = entry.file_type()?.is_dir();
        let name = path.strip_prefix(top).unwrap_or(&path).display();
        paths.push(format!("{name}{}", if is_folder { "/" } else { "" }));
        if is_folder {
            list(&path, top, paths)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_named_and_goes_with_the_folder() {
        let temporary = TemporaryFolder::new().unwrap();
        let path = temporary.path().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o1777);
        assert_eq!(temporary.remains(), [""; 0]);
        fs::create_dir(path.join("netns-suite-a")).unwrap();
        assert_eq!(temporary.remains(), ["netns-suite-a/"]);
        fs::write(path.join("netns-suite-a/configured"), "").unwrap();
        std::os::unix::fs::symlink("/", path.join("root")).unwrap();
        assert_eq!(temporary.remains(), ["netns-suite-a/", "netns-suite-a/configured", "root"]);
        for number in 0..TOLD {
            fs::write(path.join(format!("z{number}")), "").unwrap();
        }
        let remains = temporary.remains();
        assert_eq!((remains.len(), remains.last().map(String::as_str)), (TOLD + 1, Some("and 3 more")));
        drop(temporary);
        assert!(!path.exists());
    }
}
