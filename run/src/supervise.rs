//! The process that stays outside: starts pid 1, passes signals on, keeps the deadline, and ends as the program did.
//!
//! Role: the caller's child. It holds the other end of the lifeline, so that everything inside ends with it, whatever the cause.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Write};
use std::ops::ControlFlow::{Break, Continue};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitCode, ExitStatus};
use std::time::{Duration, Instant};

use clap::Parser;
use netns_fixtures::__sandbox::Report;
use netns_fixtures::__sandbox::first_process::FirstProcess;
use netns_fixtures::__sandbox::lifeline::lifeline;
use netns_fixtures::__sandbox::namespaces::{Parent, Side, clone_into_namespaces};
use netns_fixtures::__sandbox::{
    PACKET_BYTES, SetUpFailure, disposition, explain_clone, explain_step, is_switched_off, receive_packet, survivors,
};
use netns_fixtures::time::{Deadline, wait_until};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, killpg};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, send, socketpair};
use nix::unistd::{getpgrp, getpid, getsid, tcgetpgrp, tcsetpgrp};

use crate::folders::{Stage, clone_behind_mounts};
use crate::inside;
use crate::internet::{self, Keeper};
use crate::options::Options;
use crate::outcome::{End, Outcome};

/// Signals to pass on. The kernel sends the terminal's signals directly to the program, which is in the same process group.
/// SIGTSTP, SIGTTIN and SIGTTOU stop this process as they stop the program; pid 1 of a namespace cannot be stopped by them.
const PASSED_ON: [Signal; 9] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGALRM,
    Signal::SIGWINCH,
    Signal::SIGCONT,
];

/// Entry point of a run; ends as the program did.
pub(crate) fn main() -> ExitCode {
    let mut options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) => {
            // Help and version are not errors.
            let status = if error.use_stderr() { crate::STATUS_FAILED } else { 0 };
            drop(error.print());
            return ExitCode::from(status);
        }
    };
    if let Err(message) = options.isolation.complete(&options.program[0]) {
        return failed(&message);
    }
    // Opened before the program runs, so that its result is not lost at the end.
    let mut record = match options.isolation.json.as_deref().map(record).transpose() {
        Ok(record) => record,
        Err(message) => return failed(&message),
    };
    let terminal = Terminal::in_front();
    let outcome = run(&options);
    if let Some(terminal) = terminal {
        terminal.take_back();
    }
    let recorded = record.as_mut().map_or(Ok(()), |record| outcome.write_json(&options.program, record));
    if let Some(message) = outcome.message() {
        print_message(&message);
    }
    match recorded {
        Ok(()) => outcome.end_this_process(),
        Err(error) => failed(&format!("failed to write how the program ended: {error}")),
    }
}

/// Prints to standard error, if it can be written: a broken one must not change the exit status.
fn print_message(message: &str) {
    drop(writeln!(io::stderr(), "netns-run: {message}"));
}

fn failed(message: &str) -> ExitCode {
    print_message(message);
    ExitCode::from(crate::STATUS_FAILED)
}

/// The destination of the JSON.
fn record(file: &Path) -> Result<Box<dyn Write>, String> {
    if file == Path::new("-") {
        return Ok(Box::new(io::stderr()));
    }
    // A FIFO that nobody reads is an error; without the flag, the open would wait for a reader without a limit.
    match File::options().append(true).create(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(file) {
        Ok(file) => Ok(Box::new(file)),
        Err(error) => Err(format!("failed to open {} for --json: {error}", file.display())),
    }
}

fn run(options: &Options) -> Outcome {
    let start = Instant::now();
    let end = start_inside(options, Deadline::exactly_after(options.isolation.deadline)).unwrap_or_else(|end| end);
    Outcome { end, took: start.elapsed(), deadline: options.isolation.deadline }
}

fn start_inside(options: &Options, deadline: Deadline) -> Result<End, End> {
    let failed = |step: &'static str| move |errno: Errno| End::Failed(format!("failed to {step}: {}", errno.desc()));
    // 0. Fork the process that must not hold the descriptors below.
    let keeper = match options.isolation.internet.then(internet::find).transpose().map_err(End::Failed)? {
        Some(pasta) => Some(Keeper::start(&pasta).map_err(failed("start a process for pasta"))?),
        None => None,
    };
    // 1. Block the signals before pid 1 exists: none is lost, and none ends this process between two steps.
    let signals: SigSet = PASSED_ON.into_iter().collect();
    let callers_mask = signals.thread_swap_mask(SigmaskHow::SIG_BLOCK).map_err(failed("block signals"))?;
    let signals = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
        .map_err(failed("receive signals"))?;
    // 2. Create the channel and the lifeline before the clone.
    let (here, there) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)
        .map_err(failed("make a channel"))?;
    let (lifeline, holder) = lifeline().map_err(failed("make a lifeline"))?;
    // What only this process may hold. Copies of this process drop theirs.
    let outside = Cell::new(Some((here, holder)));
    let leave_outside = || {
        drop(outside.take());
        keeper.iter().for_each(Keeper::close_copy);
    };
    let isolation = &options.isolation;
    let maps = isolation.maps().map_err(|problem| End::Failed(format!("--map-ids: {problem}")))?;
    let covers_folders = !isolation.read_only.is_empty() || !isolation.private.is_empty();
    // 3. Limits on namespaces cover all processes of the user, so retry: another process may release some soon.
    let patience = Deadline::after(PATIENCE).or_earlier(deadline);
    let mut refusal = Errno::EAGAIN;
    let clone = || {
        if !covers_folders {
            return clone_into_namespaces(Parent::Caller, &maps).map(Some);
        }
        let stage = Stage {
            channel: &there,
            lifeline: &lifeline,
            callers_mask: &callers_mask,
            leave_outside: &leave_outside,
            options,
        };
        Ok(clone_behind_mounts(&stage)?.map(|(pid, pidfd)| Side::Outside(pid, pidfd)))
    };
    let (mut interrupted, mut early) = (None, Vec::new());
    let made = wait_until(patience, AGAIN, || match clone() {
        Err(errno @ (Errno::ENOSPC | Errno::EAGAIN | Errno::ENOMEM)) if !is_switched_off() => {
            refusal = errno;
            interrupted = interruption(&signals, |number| early.push(number));
            if interrupted.is_some() { Break(Err(errno)) } else { Continue("a limit is reached") }
        }
        answer => Break(answer),
    });
    if let Some(end) = interrupted {
        return Ok(end);
    }
    // After the last retry, report the last error.
    let side = made.unwrap_or(Err(refusal)).map_err(|errno| End::refused("clone3", errno, &explain_clone(errno)))?;
    if let Some(Side::Inside(_)) = side {
        leave_outside();
    }
    match (side, outside.take()) {
        // The mounts over the folders failed.
        (None, Some((here, _))) => {
            drop(there);
            Ok(end_by(&here))
        }
        (Some(Side::Inside(gate)), _) => {
            drop(signals);
            inside::live(&there, &lifeline, gate, &callers_mask, options)
        }
        (Some(Side::Outside(pid, pidfd)), Some((here, holder))) => {
            // `there` stays open: before Linux 6.2, a signal that is passed on while pid 1 ends would destroy its last report; source:
            // unix_dgram_disconnected in net/unix/af_unix.c.
            drop(lifeline);
            // Dropped before the holder; either drop ends everything inside.
            let mut inside = FirstProcess::new(pid, pidfd, here);
            for number in early {
                pass_on(&inside, number);
            }
            let interrupted = keeper.as_ref().and_then(|keeper| connect(keeper, &inside, &signals, deadline));
            let end = interrupted.unwrap_or_else(|| attend(&mut inside, &signals, deadline));
            drop((inside, holder));
            Ok(end)
        }
        (_, None) => unreachable!("only a copy of this process drops them"),
    }
}

/// How long to retry the creation of namespaces while a limit is exceeded.
const PATIENCE: Duration = Duration::from_secs(30);

/// The kernel takes about ten milliseconds to remove a namespace.
const AGAIN: Duration = Duration::from_millis(20);

/// Connects pid 1 to the internet when it asks for that, and waits until it has a route. Leaves any other message, and the end of pid 1, for
/// later. Returns the end by a signal: the program, which would decide about it, does not run yet.
fn connect(keeper: &Keeper, inside: &FirstProcess, signals: &SignalFd, deadline: Deadline) -> Option<End> {
    let mut packet = [0; internet::WANTED.len() + 1];
    loop {
        let mut watched = [inside.pidfd.as_fd(), signals.as_fd(), inside.channel.as_fd()]
            .map(|descriptor| PollFd::new(descriptor, PollFlags::POLLIN));
        while poll(&mut watched, deadline.poll_timeout()) == Err(Errno::EINTR) {}
        let [ended, signalled, told] = watched.map(|descriptor| descriptor.any() == Some(true));
        if signalled && let Some(end) = interruption(signals, |number| pass_on(inside, number)) {
            return Some(end);
        }
        if told {
            let mut read = |flags| {
                let received = receive_packet(inside.channel.as_fd(), &mut packet, flags | MsgFlags::MSG_DONTWAIT);
                received.map(|received| packet.get(..received.length).unwrap_or_default().to_vec()).unwrap_or_default()
            };
            match &read(MsgFlags::MSG_PEEK)[..] {
                internet::WANTED => {
                    read(MsgFlags::empty());
                    keeper.connect(inside.pid);
                }
                internet::HAS_ROUTE => {
                    read(MsgFlags::empty());
                    return None;
                }
                _ => return None,
            }
        } else if ended || deadline.is_expired() {
            return None;
        }
    }
}

/// Reads the signals that have arrived before the program runs. Returns the end by the first one that asks this process to end and is not
/// ignored; passes the number of every other one.
fn interruption(signals: &SignalFd, mut other: impl FnMut(i32)) -> Option<End> {
    const ASK_TO_END: [Signal; 4] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT];
    while let Ok(Some(signal)) = signals.read_signal() {
        let number = i32::try_from(signal.ssi_signo).unwrap_or_default();
        match Signal::try_from(number) {
            Ok(signal) if ASK_TO_END.contains(&signal) && !disposition::is_ignored(number) => {
                return Some(End::Program(ExitStatus::from_raw(number)));
            }
            _ if has_reached_this_process_alone(number, signal.ssi_code) => other(number),
            _ => {}
        }
    }
    None
}

fn pass_on(inside: &FirstProcess, number: i32) {
    // EPIPE: pid 1 is gone, so the signal has no receiver. EAGAIN: hundreds of earlier signals wait for pid 1; a wait here would miss the
    // deadline.
    let flags = MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT;
    let _ = send(inside.channel.as_raw_fd(), &number.to_le_bytes(), flags);
}

/// Waits until pid 1 has ended, or the deadline has passed.
fn attend(inside: &mut FirstProcess, signals: &SignalFd, deadline: Deadline) -> End {
    loop {
        let mut watched =
            [PollFd::new(inside.pidfd.as_fd(), PollFlags::POLLIN), PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
        let woken = poll(&mut watched, deadline.poll_timeout());
        let has_ended = woken.is_ok() && watched[0].any() == Some(true);
        while let Ok(Some(signal)) = signals.read_signal() {
            let number = i32::try_from(signal.ssi_signo).unwrap_or_default();
            if has_reached_this_process_alone(number, signal.ssi_code) {
                pass_on(inside, number);
            }
        }
        if has_ended {
            return end_by(&inside.channel);
        }
        if deadline.is_expired() {
            return End::Deadline { survivors: survivors::report(inside.pid) };
        }
    }
}

/// Returns whether the program has not received the signal. The kernel itself sends signals with a positive code; source:
/// sigaction(2).
fn has_reached_this_process_alone(number: i32, code: i32) -> bool {
    match Signal::try_from(number) {
        // A shell continues a stopped job through its process group.
        Ok(Signal::SIGCONT) => false,
        // The terminal is gone; the kernel signals only the leader of its session; source: `tty_signal_session_leader` in
        // drivers/tty/tty_jobctrl.c.
        Ok(Signal::SIGHUP) if code > 0 => getsid(None) == Ok(getpid()),
        // A key or a new window size; the kernel signals the process group.
        _ => code <= 0,
    }
}

/// The controlling terminal of this process.
struct Terminal(File);

impl Terminal {
    /// Opens the terminal, if this process is in the foreground.
    fn in_front() -> Option<Self> {
        let terminal = File::options().read(true).custom_flags(nix::libc::O_NOCTTY).open("/dev/tty").ok()?;
        (tcgetpgrp(&terminal) == Ok(getpgrp())).then_some(Self(terminal))
    }

    /// Puts this process's group in the foreground if the current foreground group has ended. A shell inside creates a group for
    /// each job, and cannot return the terminal to a group that has no number in its namespace.
    fn take_back(self) {
        let has_ended = |group| killpg(group, None) == Err(Errno::ESRCH);
        if tcgetpgrp(&self.0).is_ok_and(|group| group != getpgrp() && has_ended(group)) {
            // The kernel stops a background process that calls this, unless it blocks the signal; source: tcsetpgrp(3).
            let stopping: SigSet = [Signal::SIGTTOU].into_iter().collect();
            // EIO: the terminal is gone.
            let _ = stopping.thread_block().and_then(|()| tcsetpgrp(&self.0, getpgrp()));
        }
    }
}

/// Reads the reports that pid 1 sent before it ended.
fn end_by(channel: &OwnedFd) -> End {
    let mut buffer = vec![0; PACKET_BYTES];
    let mut end = None;
    loop {
        match receive_packet(channel.as_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT) {
            Ok(received) if received.length > 0 => match Report::decode(&buffer[..received.length]) {
                Some(Report::Ended(status)) => end = end.or(Some(End::Program(ExitStatus::from_raw(status)))),
                // A status after this report belongs to the process that failed to execute the program.
                Some(Report::SetUpFailed(SetUpFailure { step, errno })) => return not_started(&step, errno),
                Some(Report::NotStarted(reason)) => return End::Failed(reason),
                None => {}
            },
            // Pid 1 ended with unread signals. The kernel reports that once, before it returns the last reports. Source:
            // unix_release_sock in net/unix/af_unix.c.
            Err(Errno::ECONNRESET) => {}
            Ok(_) | Err(_) => break,
        }
    }
    end.unwrap_or_else(|| End::Failed("pid 1 of the namespaces was killed from outside".to_owned()))
}

fn not_started(step: &str, errno: Errno) -> End {
    match step.strip_prefix(inside::EXECUTE) {
        Some(program) if errno == Errno::ENOENT => End::NotFound { program: program.to_owned() },
        Some(program) => End::NotExecutable { program: program.to_owned(), errno },
        // The step is an option, not a step of the isolation.
        None if step.starts_with("--") => End::Failed(format!("{step}: {} ({errno:?})", errno.desc())),
        None => End::refused(step, errno, &explain_step(step, errno)),
    }
}
