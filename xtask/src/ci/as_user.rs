//! The hidden command that executes a program as an unprivileged user, who sees some folders in other places.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, ensure};
use clap::Args;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Gid, Uid, setgid, setgroups, setuid};

/// Arguments of the command.
#[derive(Debug, Args)]
pub(crate) struct AsUser {
    #[arg(long)]
    uid: u32,
    #[arg(long)]
    gid: u32,
    #[arg(long)]
    folder: PathBuf,
    /// Folders to show in other places.
    #[arg(long, num_args = 2, value_names = ["FROM", "TO"])]
    writable: Vec<PathBuf>,
    /// Folders to show in other places, read-only.
    #[arg(long, num_args = 2, value_names = ["FROM", "TO"])]
    read_only: Vec<PathBuf>,
    #[arg(last = true, required = true)]
    program: Vec<OsString>,
}

/// Executes the program; returns only if that fails.
pub(crate) fn as_user(options: &AsUser) -> anyhow::Result<ExitCode> {
    let none = None::<&str>;
    // 1. A private mount namespace comes before the first mount: a bind mount that reached the host's namespace would be deleted through
    // when the folder is removed.
    unshare(CloneFlags::CLONE_NEWNS).context("failed to make a mount namespace")?;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).context("failed to make the mounts private")?;
    // 2. The folders are opened before the first of them is shown, because that may hide others.
    let mut shown = Vec::new();
    for (pairs, is_read_only) in [(&options.writable, false), (&options.read_only, true)] {
        for pair in pairs.chunks_exact(2) {
            let from = File::open(&pair[0]).with_context(|| format!("failed to open {}", pair[0].display()))?;
            shown.push((&pair[1], from, is_read_only));
        }
    }
    // 3. A folder comes before those inside of it.
    shown.sort_by_key(|(to, ..)| *to);
    let before = umask(Mode::from_bits_truncate(0o022));
    for (to, from, is_read_only) in &shown {
        let bound = || format!("failed to show a folder at {}", to.display());
        make_reachable(to, options.uid).with_context(bound)?;
        // The way behind a symbolic link.
        make_reachable(&fs::canonicalize(to).with_context(bound)?, options.uid).with_context(bound)?;
        let from = format!("/proc/self/fd/{}", from.as_raw_fd());
        mount(Some(from.as_str()), *to, none, MsFlags::MS_BIND, none).with_context(bound)?;
        if *is_read_only {
            let read_only = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
            mount(none, *to, none, read_only, none).with_context(bound)?;
        }
    }
    umask(before);
    // 4. Groups come before the group, and the group before the user: each call needs privileges that the next one drops.
    setgroups(&[]).context("failed to leave root's groups")?;
    setgid(Gid::from_raw(options.gid)).context("failed to change the group")?;
    setuid(Uid::from_raw(options.uid)).context("failed to change the user")?;
    ensure!(setuid(Uid::from_raw(0)).is_err(), "the way back to root is still open");
    let (program, arguments) = options.program.split_first().context("there is no program to run")?;
    let error = Command::new(program).args(arguments).current_dir(&options.folder).exec();
    Err(error).with_context(|| format!("failed to run {}", Path::new(program).display()))
}

/// Makes the folder reachable for a user without groups. An empty file system covers a folder above it that this user may not search, such as
/// `/root`; the user could not see anything in there anyway. On it, the folder and those above it are created again.
fn make_reachable(folder: &Path, uid: u32) -> anyhow::Result<()> {
    let above: Vec<&Path> = folder.ancestors().skip(1).collect();
    for &above in above.iter().rev() {
        let may_search = fs::metadata(above).map_or(true, |it| it.mode() & 0o001 != 0 || it.uid() == uid);
        if !may_search {
            mount(Some("tmpfs"), above, Some("tmpfs"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV, Some("mode=755"))
                .with_context(|| format!("failed to cover {}", above.display()))?;
        }
    }
    fs::create_dir_all(folder).context("failed to create a folder")
}
