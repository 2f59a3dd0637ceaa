//! The least that a prepared test needs from the kernel: two processes in six namespaces with own mounts, `/proc` and `/sys`, which wait for
//! one byte and exit. It has no thread for a body, no output, no outcome and no deadline.

use std::ffi::CStr;
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::mount::{MsFlags, mount};
use nix::sys::stat::Mode;
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, getegid, geteuid, pipe2, read, write};

use crate::floor::{clone_into_namespaces, exit, wait};

/// The steps of the preparation inside, in their order.
pub(crate) const STEPS: [&str; 5] = ["id_maps", "private_mounts", "proc", "sys", "fork"];

/// Both processes, while they wait.
pub(crate) struct Waiting {
    first: libc::c_long,
    go: OwnedFd,
    /// The time of each of [`STEPS`].
    pub(crate) steps: [Duration; STEPS.len()],
}

/// Makes the two processes, and returns once they wait.
pub(crate) fn prepare() -> io::Result<Waiting> {
    let (ready, ready_end) = pipe2(OFlag::O_CLOEXEC)?;
    let (go_end, go) = pipe2(OFlag::O_CLOEXEC)?;
    // Before the clone: the child does not allocate.
    let maps = [format!("0 {} 1", geteuid()), format!("0 {} 1", getegid())];
    let first = clone_into_namespaces()?;
    if first == 0 {
        drop((ready, go));
        exit(live(&maps, &ready_end, &go_end).map_or(1, |()| 0));
    }
    drop((ready_end, go_end));
    let mut reported = [0; 8 * STEPS.len()];
    if read(&ready, &mut reported)? != reported.len() {
        return Err(io::Error::other("the least of a test could not be prepared"));
    }
    let mut steps = [Duration::ZERO; STEPS.len()];
    for (step, bytes) in steps.iter_mut().zip(reported.chunks_exact(8)) {
        *step = Duration::from_nanos(u64::from_le_bytes(bytes.try_into().map_err(io::Error::other)?));
    }
    Ok(Waiting { first, go, steps })
}

impl Waiting {
    /// From the job to the end of both.
    pub(crate) fn dispatch(self) -> io::Result<()> {
        write(&self.go, b"g")?;
        wait(self.first)
    }
}

/// Runs both processes.
fn live(maps: &[String; 2], ready: &OwnedFd, go: &OwnedFd) -> Result<(), Errno> {
    let none = None::<&CStr>;
    let quiet = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    let mut since = Instant::now();
    let mut lap =
        || u64::try_from(std::mem::replace(&mut since, Instant::now()).elapsed().as_nanos()).unwrap_or(u64::MAX);
    let mut laps = [0; STEPS.len()];
    put(c"/proc/self/setgroups", b"deny")?;
    put(c"/proc/self/uid_map", maps[0].as_bytes())?;
    put(c"/proc/self/gid_map", maps[1].as_bytes())?;
    laps[0] = lap();
    mount(none, c"/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
    laps[1] = lap();
    mount(Some(c"proc"), c"/proc", Some(c"proc"), quiet, none)?;
    laps[2] = lap();
    mount(Some(c"sysfs"), c"/sys", Some(c"sysfs"), quiet, none)?;
    laps[3] = lap();
    match copy()? {
        child @ 1.. => waitpid(Pid::from_raw(child), None).map(drop),
        _ => {
            laps[4] = lap();
            let mut report = [0; 8 * STEPS.len()];
            report.chunks_exact_mut(8).zip(laps).for_each(|(bytes, lap)| bytes.copy_from_slice(&lap.to_le_bytes()));
            write(ready, &report)?;
            read(go, &mut [0]).map(drop)
        }
    }
}

/// Duplicates this process, as `fork` does, but not the C library's locks, which another thread of the bench may have held.
fn copy() -> Result<libc::pid_t, Errno> {
    let signal = libc::c_long::from(libc::SIGCHLD);
    // SAFETY: the child shares no memory and gets no stack; both sides make only system calls until they exit.
    let pid = unsafe { libc::syscall(libc::SYS_clone, signal, 0, 0, 0, 0) };
    libc::pid_t::try_from(Errno::result(pid)?).map_err(|_| Errno::EOVERFLOW)
}

fn put(file: &CStr, text: &[u8]) -> Result<(), Errno> {
    write(open(file, OFlag::O_WRONLY, Mode::empty())?, text).map(drop)
}
