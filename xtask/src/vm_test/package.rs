//! Files of Debian's packages for the guest, of the newest release. They bring their own C library, because this machine's may be older.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use netns_vm::Arch;
use netns_vm::kernels::Apt;
use tempfile::TempDir;

/// The dynamic loader and the C library: their paths in the package libc6, and their names in the guest.
pub(super) const LOADER: [(&str, &str); 2] =
    [("usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "ld.so"), ("usr/lib/x86_64-linux-gnu/libc.so.6", "libc.so.6")];

/// The files of a program.
pub(super) struct Files {
    /// The name of the folder in which this machine keeps them.
    pub(super) name: &'static str,
    /// Their folder in the guest.
    pub(super) in_guest: &'static str,
    /// The packages; libc6 comes with them.
    pub(super) packages: &'static [&'static str],
    /// The files besides [`LOADER`]: paths in the packages, and names in the guest.
    pub(super) contents: &'static [(&'static str, &'static str)],
}

impl Files {
    /// Returns the folder of this machine with the files; downloads them if they are missing.
    ///
    /// # Errors
    ///
    /// Fails if apt cannot be used or the packages lack the files.
    pub(super) fn obtain(&self, folder: &Path, mirror: Option<&str>) -> anyhow::Result<PathBuf> {
        let kept = folder.join(self.name);
        if kept.is_dir() {
            return Ok(kept);
        }
        eprintln!("fetching {}", self.name);
        let apt = Apt::new(&folder.join("apt"), Arch::X86_64, mirror)?;
        // Works beside the kept folder, so that the kept folder appears complete or not at all.
        let scratch = TempDir::with_prefix_in(".fetching-", folder).context("failed to make a folder")?;
        let (tree, files) = (scratch.path().join("tree"), scratch.path().join("files"));
        fs::create_dir(&files).context("failed to make a folder")?;
        let packages: Vec<&str> = self.packages.iter().copied().chain(["libc6"]).collect();
        apt.unpack(&packages, &tree).with_context(|| format!("failed to fetch {}", self.name))?;
        for (from, to) in self.all() {
            fs::copy(tree.join(from), files.join(to)).with_context(|| format!("the packages hold no {from}"))?;
        }
        fs::rename(&files, &kept).with_context(|| format!("failed to keep {}", kept.display()))?;
        Ok(kept)
    }

    /// Copies the files from the folder of this machine into the guest's root folder.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be copied.
    pub(super) fn put(&self, kept: &Path, root: &Path) -> anyhow::Result<()> {
        let folder = root.join(self.in_guest.trim_start_matches('/'));
        fs::create_dir(&folder).context("failed to make a folder")?;
        for (_, name) in self.all() {
            fs::copy(kept.join(name), folder.join(name)).with_context(|| format!("failed to copy {name}"))?;
        }
        Ok(())
    }

    /// In the guest: a command that starts this program with its own C library.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(format!("{}/ld.so", self.in_guest));
        command.arg0(program).args(["--library-path", self.in_guest]).arg(format!("{}/{program}", self.in_guest));
        command
    }

    fn all(&self) -> impl Iterator<Item = &(&'static str, &'static str)> {
        self.contents.iter().chain(&LOADER)
    }
}
