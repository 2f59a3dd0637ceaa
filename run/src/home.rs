//! The home folder of the user inside.
//!
//! A caller that is not root is root inside, and programs find the home of root in `/etc/passwd`. The kernel keeps that folder closed, because
//! it belongs to the machine's root. The caller's home takes its place, so that `~` means one folder, whether a program asks `HOME` or
//! `getpwuid`. `HOME` itself stays the caller's: caches, settings and the working folder are known by that path.

use std::path::{Path, PathBuf};

use netns_fixtures::__sandbox::SetUpFailure;
use nix::mount::{MsFlags, mount};
use nix::unistd::{AccessFlags, Uid, User, access};

use crate::options::Identity;

/// Shows the caller's home at the home of root, if the program is root inside and that folder is closed to the caller.
///
/// # Errors
///
/// The refused mount; source: mount(2).
pub(crate) fn of_root(identity: &Identity) -> Result<(), SetUpFailure> {
    if !matches!(identity, Identity::Root) {
        return Ok(());
    }
    let Some(root) = User::from_uid(Uid::from_raw(0)).ok().flatten() else { return Ok(()) };
    let Some(home) = std::env::var_os("HOME").map(PathBuf::from) else { return Ok(()) };
    // A home that is open may hold the caller's programs.
    let is_closed = root.dir.is_dir() && access(&root.dir, AccessFlags::X_OK).is_err();
    let is_a_home = home.is_absolute() && home.is_dir() && !root.dir.starts_with(&home);
    if !is_closed || !is_a_home {
        return Ok(());
    }
    // With everything below: the kernel does not allow to leave out mounts from another namespace.
    mount(Some(&home), &root.dir, None::<&Path>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&Path>)
        .map_err(SetUpFailure::at(format!("bind {} at {}", home.display(), root.dir.display())))
}
