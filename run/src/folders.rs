//! Implements `--read-only` and `--private`. The mounts are made in a user and a mount namespace around the program's, so that
//! the program cannot undo them.
//!
//! The kernel locks mounts that come from a mount namespace of another user namespace: they can be neither unmounted nor
//! remounted inside; source: mount_namespaces(7), "Restrictions on mount namespaces".

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use netns_fixtures::__sandbox::identity::{Gate, IdMaps, Shown};
use netns_fixtures::__sandbox::kill_and_reap;
use netns_fixtures::__sandbox::lifeline::Lifeline;
use netns_fixtures::__sandbox::namespaces::{Parent, Side, clone_into_namespaces};
use netns_fixtures::__sandbox::{
    Cloned, Reply, Report, SetUpFailure, clone_process, exit_now, make_read_only, make_writable, mounts, receive_packet,
};
use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sys::signal::SigSet;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, socketpair};
use nix::sys::statvfs::{FsFlags, statvfs};
use nix::unistd::Pid;

use crate::inside;
use crate::options::{Isolation, Options};

/// The data with which the intermediate process creates pid 1.
pub(crate) struct Stage<'a> {
    pub(crate) channel: &'a OwnedFd,
    pub(crate) lifeline: &'a Lifeline,
    pub(crate) callers_mask: &'a SigSet,
    /// Closes copies of what only `netns-run` itself may hold.
    pub(crate) leave_outside: &'a dyn Fn(),
    pub(crate) options: &'a Options,
}

/// Creates pid 1 through an intermediate process, whose namespaces have the mounts. That process ends before this function
/// returns.
///
/// # Errors
///
/// If the kernel refuses the namespaces. If it refuses the mounts, the channel contains a report, and the result is `None`.
pub(crate) fn clone_behind_mounts(stage: &Stage<'_>) -> Result<Option<(Pid, OwnedFd)>, Errno> {
    let (here, there) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?;
    let isolation = &stage.options.isolation;
    let maps = if isolation.map_ids { isolation.maps() } else { Ok(IdMaps::of_this_process(Shown::Caller)) };
    let maps = maps.map_err(|_| Errno::EPERM)?;
    let (gate, keeper) = maps.gate()?;
    match clone_process(nix::libc::CLONE_NEWUSER | nix::libc::CLONE_NEWNS)? {
        Cloned::Child => {
            drop((here, keeper));
            be_stage(stage, gate, &there)
        }
        Cloned::Caller { pid, .. } => {
            drop(there);
            if let Some(keeper) = keeper {
                keeper.map(pid);
            }
            let mut packet = [0; 64];
            let received = receive_packet(here.as_fd(), &mut packet, MsgFlags::empty())?;
            kill_and_reap(pid);
            match Reply::decode(&packet[..received.length]) {
                Some(Reply::Refused { errno }) => Err(Errno::from_raw(errno)),
                Some(Reply::Made { pid }) => {
                    let pidfd = received.attached.into_iter().next().ok_or(Errno::EMFILE)?;
                    Ok(Some((Pid::from_raw(pid), pidfd)))
                }
                None => Ok(None),
            }
        }
    }
}

fn be_stage(stage: &Stage<'_>, gate: Gate, socket: &OwnedFd) -> ! {
    let Stage { channel, lifeline, callers_mask, leave_outside, options } = stage;
    leave_outside();
    let ready = lifeline.die_with_the_holder().and_then(|()| gate.pass()).and_then(|()| cover(&options.isolation));
    if let Err(failure) = ready {
        Report::SetUpFailed(failure).send(channel);
        exit_now(1);
    }
    let isolation = &options.isolation;
    let maps =
        if isolation.map_ids { IdMaps::same_as_here().map_err(|error| error.to_string()) } else { isolation.maps() };
    let maps = match maps {
        Ok(maps) => maps,
        Err(problem) => {
            Report::NotStarted(format!("--map-ids: {problem}")).send(channel);
            exit_now(1);
        }
    };
    match clone_into_namespaces(Parent::ParentOfCaller, &maps) {
        Ok(Side::Inside(gate)) => inside::live(channel, lifeline, gate, callers_mask, options),
        Ok(Side::Outside(pid, pidfd)) => {
            // If the receiver is gone, the reply has no reader.
            let _ = Reply::Made { pid: pid.as_raw() }.send(socket, &[pidfd.as_fd()]);
        }
        Err(errno) => drop(Reply::Refused { errno: errno as i32 }.send(socket, &[])),
    }
    exit_now(0)
}

/// Makes the mounts. Then enters the working folder again, because a mount may cover it.
fn cover(isolation: &Isolation) -> Result<(), SetUpFailure> {
    let working_folder =
        std::env::current_dir().map_err(SetUpFailure::of_io("--read-only, --private: find the working folder"))?;
    mounts::make_private()?;
    for folder in &isolation.read_only {
        protect(folder).map_err(SetUpFailure::at(format!("--read-only {}", folder.display())))?;
    }
    mounts::make_all_empty(&isolation.private)
        .map_err(|(folder, errno)| SetUpFailure::at(format!("--private {}", folder.display()))(errno))?;
    // By its path: the open working folder still belongs to the mount below.
    std::env::set_current_dir(&working_folder).map_err(SetUpFailure::of_io(format!(
        "--private: enter the working folder {}, which an empty folder covers",
        working_folder.display()
    )))
}

/// Makes a folder and all mounts below it read-only, except `/proc` and `/sys`. The kernel does not allow new writable mounts of
/// these over read-only ones, and a program must be able to set the sysctls of its own network there.
fn protect(folder: &Path) -> Result<(), Errno> {
    let stays_writable: Vec<PathBuf> = ["/proc", "/sys"]
        .into_iter()
        .map(PathBuf::from)
        .filter(|kept| kept.starts_with(folder) && kept != folder)
        .filter(|kept| statvfs(kept).is_ok_and(|mount| !mount.flags().contains(FsFlags::ST_RDONLY)))
        .collect();
    if folder != Path::new("/") {
        mount(Some(folder), folder, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)?;
    }
    make_read_only(folder)?;
    stays_writable.iter().try_for_each(|kept| make_writable(kept))
}
