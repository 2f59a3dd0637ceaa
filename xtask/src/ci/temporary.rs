//! A folder for temporary files for each step, in which nothing may lie when the step has ended.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Context;
use tempfile::TempDir;

/// How many paths are told of what was left; the first ones are enough to see whose it is.
const TOLD: usize = 20;

/// The folder of one step. Dropping it removes it, with all that lies in it.
pub(super) struct TemporaryFolder {
    folder: TempDir,
}

impl TemporaryFolder {
    /// An empty one. Other users may write to it, as to `/tmp`: tests become nobody.
    pub(super) fn new() -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("netns-ci-").context("failed to make a folder for temporary files")?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o1777))
            .context("failed to open a folder for temporary files to all")?;
        Ok(Self { folder })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The paths of what lies there, below the folder; of folders also what is in them.
    pub(super) fn remains(&self) -> Vec<String> {
        remains_in(self.path())
    }
}

/// What lies in that folder, by paths below it: the first of them, and how many more there are.
pub(super) fn remains_in(folder: &Path) -> Vec<String> {
    let mut paths = Vec::new();
    if let Err(error) = list(folder, folder, &mut paths) {
        // It goes while it is listed: somebody is still there, who should not be.
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
