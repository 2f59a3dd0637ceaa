//! Provides the program that loads AppArmor profiles to the guest. It comes from Debian's newest release, because older versions cannot
//! express what newer kernels mediate, and brings its own C library, because this machine's may be older.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use netns_vm::kernels::{Apt, run};
use tempfile::TempDir;

/// The folder of the files in the guest, and its name on this machine.
const IN_GUEST: &str = "/netns-apparmor";

/// The files: paths in the packages, and their names in the guest.
const FILES: [(&str, &str); 4] = [
    ("usr/sbin/apparmor_parser", "apparmor_parser"),
    ("usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "ld.so"),
    ("usr/lib/x86_64-linux-gnu/libc.so.6", "libc.so.6"),
    // Lists the features that the profiles may use; the parser leaves out those that the kernel lacks.
    ("etc/apparmor.d/abi/4.0", "abi"),
];

/// Returns the folder with the files; downloads them if they are missing.
///
/// # Errors
///
/// Fails if apt cannot be used or the packages lack the files.
pub(super) fn obtain(folder: &Path, mirror: Option<&str>) -> anyhow::Result<PathBuf> {
    let kept = folder.join("apparmor");
    if kept.is_dir() {
        return Ok(kept);
    }
    eprintln!("fetching AppArmor's parser");
    let apt = Apt::new(&folder.join("apt"), mirror)?;
    // Works beside the kept folder, so that the kept folder appears complete or not at all.
    let scratch = TempDir::with_prefix_in(".fetching-", folder).context("failed to make a folder")?;
    let (tree, files) = (scratch.path().join("tree"), scratch.path().join("files"));
    fs::create_dir(&files).context("failed to make a folder")?;
    apt.unpack(&["apparmor", "libc6"], &tree).context("failed to fetch AppArmor's parser")?;
    for (from, to) in FILES {
        fs::copy(tree.join(from), files.join(to)).with_context(|| format!("the packages hold no {from}"))?;
    }
    fs::rename(&files, &kept).with_context(|| format!("failed to keep {}", kept.display()))?;
    Ok(kept)
}

/// Copies the files into the guest's root folder.
pub(super) fn put(kept: &Path, root: &Path) -> anyhow::Result<()> {
    let folder = root.join(IN_GUEST.trim_start_matches('/'));
    fs::create_dir(&folder).context("failed to make a folder")?;
    for (_, name) in FILES {
        fs::copy(kept.join(name), folder.join(name)).with_context(|| format!("failed to copy {name}"))?;
    }
    Ok(())
}

/// A profile that is loaded in the guest. Dropping it unloads it.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) name: &'static str,
}

impl Profile {
    /// Loads a profile with these rules.
    ///
    /// # Errors
    ///
    /// Fails if the parser or the kernel rejects the profile.
    pub(super) fn load(name: &'static str, rules: &str) -> anyhow::Result<Self> {
        let file = PathBuf::from(format!("/run/{name}"));
        let flags = "attach_disconnected,mediate_deleted";
        let text = format!("abi \"{IN_GUEST}/abi\",\nprofile {name} flags=({flags}) {{\n{rules}\n}}\n");
        fs::write(&file, text).context("failed to write a profile")?;
        let mut parser = Command::new(format!("{IN_GUEST}/ld.so"));
        parser.args(["--library-path", IN_GUEST]).arg(format!("{IN_GUEST}/apparmor_parser"));
        parser.args(["--config-file", "/dev/null", "--replace", "--skip-cache", "--quiet"]).arg(file);
        run(&mut parser).with_context(|| format!("failed to load the profile {name}"))?;
        Ok(Self { name })
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        // Ignores errors: the machine stops soon, and no later process runs under the profile.
        drop(fs::write("/sys/kernel/security/apparmor/.remove", self.name));
    }
}
