//! The program that loads AppArmor's profiles, for the guest: of Debian's newest release, because older ones cannot say what the
//! newer kernels mediate, and with the C library that it was built for, because this machine's may be older.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use tempfile::TempDir;

use super::kernels::{Apt, run};

/// Where the files are in the guest, and what they are called here.
const IN_GUEST: &str = "/netns-apparmor";

/// The files, by their places in the packages, with how they are called in the guest.
const FILES: [(&str, &str); 4] = [
    ("usr/sbin/apparmor_parser", "apparmor_parser"),
    ("usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "ld.so"),
    ("usr/lib/x86_64-linux-gnu/libc.so.6", "libc.so.6"),
    // What can be mediated, as far as the profiles know; a kernel that cannot do one thing of it leaves that out.
    ("etc/apparmor.d/abi/4.0", "abi"),
];

/// The folder with the files, which is filled where it is not there yet.
///
/// # Errors
///
/// When apt cannot be used or the packages do not hold the files.
pub(super) fn obtain(folder: &Path, mirror: Option<&str>) -> anyhow::Result<PathBuf> {
    let kept = folder.join("apparmor");
    if kept.is_dir() {
        return Ok(kept);
    }
    eprintln!("fetching AppArmor's parser");
    let apt = Apt::new(&folder.join("apt"), mirror)?;
    // Beside the kept folder, which appears whole or not at all.
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

/// Puts the files into the guest's root folder.
pub(super) fn put(kept: &Path, root: &Path) -> anyhow::Result<()> {
    let folder = root.join(IN_GUEST.trim_start_matches('/'));
    fs::create_dir(&folder).context("failed to make a folder")?;
    for (_, name) in FILES {
        fs::copy(kept.join(name), folder.join(name)).with_context(|| format!("failed to copy {name}"))?;
    }
    Ok(())
}

/// A profile that is loaded, in the guest. Dropping it unloads it.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) name: &'static str,
}

impl Profile {
    /// Loads a profile with these rules.
    ///
    /// # Errors
    ///
    /// When the parser or the kernel does not take it.
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
        // The machine ends soon, and no process is started under the profile from here on.
        drop(fs::write("/sys/kernel/security/apparmor/.remove", self.name));
    }
}
