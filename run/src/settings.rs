//! Keeps the program of a root caller from changing the settings of the machine, which would outlive it.
//!
//! Below `/proc/sys`, the settings of the program's own namespaces stay writable, and all others become read-only. A mount below
//! `/proc` would prevent the program from mounting a private `/proc` in namespaces of its own, as sandboxes do: the kernel demands
//! one complete `/proc` in the mount namespace. So there is a second one, below a mount that covers it; source: `mount_too_revealing`
//! in fs/namespace.c.

use std::fs;
use std::path::Path;

use netns_fixtures::__sandbox::{SetUpFailure, mounts};
use nix::mount::{MsFlags, mount};
use nix::unistd::{AccessFlags, access};

/// The folder of all settings.
const SETTINGS: &str = "/proc/sys";

/// A setting of the machine on every kernel.
const OF_THE_MACHINE: &str = "/proc/sys/vm/overcommit_memory";

/// The settings of network, user, UTS, IPC and pid namespaces; source: Documentation/admin-guide/sysctl in the kernel's sources.
const OF_NAMESPACES: [&str; 18] = [
    "fs/mqueue",
    "kernel/auto_msgmni",
    "kernel/domainname",
    "kernel/hostname",
    "kernel/msg_next_id",
    "kernel/msgmax",
    "kernel/msgmnb",
    "kernel/msgmni",
    "kernel/ns_last_pid",
    "kernel/sem",
    "kernel/sem_next_id",
    "kernel/shm_next_id",
    "kernel/shm_rmid_forced",
    "kernel/shmall",
    "kernel/shmmax",
    "kernel/shmmni",
    "net",
    "user",
];

/// Makes the machine's settings read-only. Does nothing if this process cannot write them anyway. Comes after the mounts of `/proc`
/// and before the program.
///
/// # Errors
///
/// The refused mount; source: mount(2).
pub(crate) fn protect() -> Result<(), SetUpFailure> {
    if access(OF_THE_MACHINE, AccessFlags::W_OK).is_err() {
        return Ok(());
    }
    // 1. The complete `/proc`, in a file system that the last step covers.
    let none = None::<&str>;
    let covering = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("netns-run"), "/proc", Some("tmpfs"), covering, Some("mode=0700,nr_inodes=2"))
        .map_err(SetUpFailure::at("mount a tmpfs for /proc"))?;
    fs::create_dir("/proc/complete").map_err(SetUpFailure::of_io("make a folder for /proc"))?;
    mount(Some("proc"), "/proc/complete", Some("proc"), covering, none)
        .map_err(SetUpFailure::at("mount the complete /proc"))?;
    // 2. The `/proc` that the program sees.
    mounts::show_own_processes()?;
    // 3. Mount points for the settings that stay writable, before the folder that holds them is read-only.
    let bind = |place: &Path| {
        mount(Some(place), place, none, MsFlags::MS_BIND, none)
            .map_err(SetUpFailure::at(format!("bind {} on itself", place.display())))
    };
    bind(Path::new(SETTINGS))?;
    for setting in OF_NAMESPACES {
        let place = Path::new(SETTINGS).join(setting);
        // Kernels differ in their settings.
        if fs::exists(&place).unwrap_or(false) {
            bind(&place)?;
        }
    }
    let read_only = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY | covering;
    mount(none, SETTINGS, none, read_only, none).map_err(SetUpFailure::at("make /proc/sys read-only"))
}
