//! `--internet`: user-mode networking by pasta(1), a program of the distribution. It carries connections of the program through ordinary
//! sockets of the caller, so it needs no privilege.
//!
//! Nothing reaches the program or the machine's own `lo` through it: no port is forwarded in either direction.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::ops::ControlFlow::{Break, Continue};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use netns_fixtures::__sandbox::{SetUpFailure, exit_now, fork_process};
use netns_fixtures::time::{Deadline, wait_until};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, geteuid, pipe2, setsid};

use crate::options::found;

const PROGRAM: &str = "pasta";

/// The packet by which pid 1 asks for pasta, once its network is ready.
pub(crate) const WANTED: &[u8] = b"internet";

/// The packet by which pid 1 reports that pasta has configured the network. Not longer than [`WANTED`].
pub(crate) const HAS_ROUTE: &[u8] = b"route";

/// The name server inside, whose queries pasta passes on to the machine's. A documentation address: no machine has it.
pub(crate) const NAME_SERVER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 53);

/// How long pasta may take to configure the network.
const PATIENCE: Duration = Duration::from_secs(10);

const AGAIN: Duration = Duration::from_millis(10);

/// Finds the program.
///
/// # Errors
///
/// A sentence with the remedy.
pub(crate) fn find() -> Result<PathBuf, String> {
    found(PROGRAM.as_ref())
        .ok_or_else(|| format!("--internet: the program {PROGRAM} is not in PATH; install the package passt"))
}

/// The process that starts pasta and kills it when `netns-run` ends, also by SIGKILL. Dropping it does that, and reaps the process.
pub(crate) struct Keeper {
    /// Its end is the end of pasta.
    pipe: Cell<Option<File>>,
    pid: Pid,
}

impl Keeper {
    /// Forks it. Call it before other descriptors exist: the process keeps copies of those that do.
    ///
    /// # Errors
    ///
    /// `EAGAIN`, `EMFILE`.
    pub(crate) fn start(program: &Path) -> Result<Self, Errno> {
        let (reader, writer) = pipe2(OFlag::O_CLOEXEC)?;
        // Role: keeps pasta. Parent: `netns-run`, which reaps it.
        match fork_process()? {
            ForkResult::Child => {
                drop(writer);
                keep(program, reader)
            }
            ForkResult::Parent { child } => Ok(Self { pipe: Cell::new(Some(writer.into())), pid: child }),
        }
    }

    /// Starts pasta for the namespaces of this process.
    pub(crate) fn connect(&self, first_process: Pid) {
        if let Some(mut pipe) = self.pipe.take() {
            // If the keeper is gone, the program's side reports that there is no route.
            let _ = pipe.write_all(&first_process.as_raw().to_ne_bytes());
            self.pipe.set(Some(pipe));
        }
    }

    /// In a process that is a copy of `netns-run`: closes its copy of the pipe, which would keep pasta after the end of `netns-run`.
    pub(crate) fn close_copy(&self) {
        drop(self.pipe.take());
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.pipe.take());
        // It kills its child and exits.
        let _ = waitpid(self.pid, None);
    }
}

fn keep(program: &Path, pipe: OwnedFd) -> ! {
    let mut pipe = File::from(pipe);
    // 1. A key on the terminal ends the program, not its network. Cannot fail: a forked process leads no group.
    let _ = setsid();
    // 2. Without a number, nothing asked for it.
    let mut number = [0; 4];
    if pipe.read_exact(&mut number).is_err() {
        exit_now(0);
    }
    let mut pasta = Command::new(program);
    pasta.args(["--foreground", "--quiet", "--config-net", "--no-map-gw", "--dns-forward", &NAME_SERVER.to_string()]);
    pasta.args(["--tcp-ports", "none", "--udp-ports", "none", "--tcp-ns", "none", "--udp-ns", "none"]);
    if geteuid().is_root() {
        // Otherwise it becomes nobody, who may not enter root's namespaces.
        pasta.args(["--runas", "0"]);
    }
    pasta.arg(i32::from_ne_bytes(number).to_string()).stdin(Stdio::null()).stdout(Stdio::null());
    let started = pasta.spawn();
    if let Err(error) = &started {
        eprintln!("netns-run: failed to start {}: {error}", program.display());
    }
    // 3. `netns-run` has ended when its end of the pipe is closed.
    while pipe.read(&mut number).is_ok_and(|length| length > 0) {}
    if let Ok(mut pasta) = started {
        let _ = pasta.kill();
        let _ = pasta.wait();
    }
    exit_now(0)
}

/// In pid 1: waits until pasta has configured the network.
///
/// # Errors
///
/// If there is no default route in time; the reason is on standard error, in the words of pasta.
pub(crate) fn wait_for_route() -> Result<(), SetUpFailure> {
    let route = wait_until(Deadline::after(PATIENCE), AGAIN, || {
        if has_default_route() { Break(()) } else { Continue("no default route") }
    });
    route.map_err(|_| {
        SetUpFailure::at(format!("--internet: {PROGRAM} made no default route within {PATIENCE:?}"))(Errno::ETIMEDOUT)
    })
}

/// Source: proc_net(5): the second field is the destination; the tenth of IPv6 is the device.
fn has_default_route() -> bool {
    let lines = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let ipv4 = lines("/proc/net/route").lines().any(|line| line.split_whitespace().nth(1) == Some("00000000"));
    ipv4 || lines("/proc/net/ipv6_route").lines().any(|line| {
        let mut fields = line.split_whitespace();
        fields.next().is_some_and(|first| first.bytes().all(|byte| byte == b'0'))
            && fields.next() == Some("00")
            && fields.last() != Some("lo")
    })
}
