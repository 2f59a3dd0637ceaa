//! `netns-run` on a terminal: keys, window sizes, job control and the end of the terminal reach the program as they would
//! without it.
//!
//! The terminals are pseudo-terminals. Each test holds the master, on which it types and reads. `setsid --ctty` gives each
//! session its terminal, as a terminal emulator does.

#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::ops::ControlFlow::{Break, Continue};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use netns_fixtures::time::{Deadline, wait_until};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use processes::{assert_are_gone, descendants, state};
use tempfile::TempDir;
use visibly::skip;

mod processes;
mod visibly;

/// The maximum time of each wait; waits take milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);

const NETNS_RUN: &str = env!("CARGO_BIN_EXE_netns-run");

const CTRL_C: &str = "\u{3}";
const CTRL_D: &str = "\u{4}";
const CTRL_Z: &str = "\u{1a}";
const CTRL_BACKSLASH: &str = "\u{1c}";

/// An interactive shell that leaves its process group as it is.
const SHELL_WITHOUT_JOBS: [&str; 3] = ["sh", "+m", "-i"];

/// For that shell: a trap runs at once while `read` waits. It runs only with the next line while the shell itself waits, or
/// if the signal arrived just before `read`. So lines follow each signal.
const READS_UNTIL_END: &str = "echo rea\"\"dy; while [ \"$line\" != end ]; do read line; done; exit 7\n";

/// A session on its own terminal, from outside. Dropping it closes the terminal and kills the rest of its first process.
struct Session {
    /// `None` after the terminal is closed.
    master: Option<File>,
    /// The path of the terminal for its programs.
    path: String,
    /// Receives core files, which Ctrl-\ may create.
    _folder: TempDir,
    leader: Child,
    seen: String,
    /// The length of the output that was already expected.
    passed: usize,
}

impl Session {
    /// Starts the program as the leader of a session.
    fn start(words: &[&str]) -> Self {
        let master = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let path = ptsname_r(&master).unwrap();
        let folder = tempfile::tempdir().unwrap();
        // Uses the signals of a login: the caller of these tests may ignore some.
        let leader = Command::new("env")
            .args(["--default-signal", "setsid", "--ctty", "--"])
            .args(words)
            .current_dir(folder.path())
            .env_clear()
            .envs([("PATH", "/usr/local/bin:/usr/bin:/bin"), ("PS1", "> "), ("TERM", "dumb")])
            .stdin(stream(&path))
            .stdout(stream(&path))
            .stderr(stream(&path))
            .spawn()
            .expect("setsid is part of util-linux");
        let master = Some(File::from(OwnedFd::from(master)));
        Self { master, path, _folder: folder, leader, seen: String::new(), passed: 0 }
    }

    /// Starts `netns-run` as the leader.
    fn isolated(words: &[&str]) -> Self {
        Self::start(&[&[NETNS_RUN, "--deadline", "2m", "--"], words].concat())
    }

    fn type_keys(&mut self, keys: &str) {
        self.master.as_ref().expect("the terminal is open").write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until this text is printed, after the text that was expected before.
    fn expect(&mut self, text: &str) {
        self.expect_while(text, |_| ());
    }

    /// Like [`expect`](Self::expect), and types empty lines meanwhile.
    fn expect_between_lines(&mut self, text: &str) {
        self.expect_while(text, |session| session.type_keys("\n"));
    }

    fn expect_while(&mut self, text: &str, act: impl Fn(&mut Self)) {
        let waited = wait_until(Deadline::after(PATIENCE), Duration::from_millis(10), || {
            self.read();
            if let Some(start) = self.seen[self.passed..].find(text) {
                self.passed += start + text.len();
                return Break(());
            }
            act(self);
            let last: String = self.seen[self.passed..].chars().take(400).collect();
            Continue(format!("{text:?} is not in {last:?}"))
        });
        waited.unwrap();
    }

    /// Waits until the leader has received every signal that was sent to it; source: `ShdPnd` in proc_pid_status(5).
    fn expect_no_pending_signal(&self) {
        let waited = wait_until(Deadline::after(PATIENCE), Duration::from_millis(10), || {
            let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
            let pending = status.lines().find_map(|line| line.strip_prefix("ShdPnd:")).unwrap().trim().to_owned();
            if pending.bytes().all(|digit| digit == b'0') { Break(()) } else { Continue(pending) }
        });
        waited.unwrap();
    }

    /// Waits until a program of this name runs in the session, and returns all its processes except the leader.
    fn expect_program(&self, name: &str) -> BTreeSet<i32> {
        let waited = wait_until(Deadline::after(PATIENCE), Duration::from_millis(10), || {
            let inside = descendants(self.pid());
            let is_it =
                |pid: &i32| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|its| its.trim_end() == name);
            if inside.iter().any(is_it) { Break(inside) } else { Continue(format!("no {name} in {inside:?}")) }
        });
        waited.unwrap()
    }

    fn read(&mut self) {
        let mut buffer = [0; 4096];
        let mut master = self.master.as_ref().expect("the terminal is open");
        loop {
            match master.read(&mut buffer) {
                Ok(length) if length > 0 => self.seen += &String::from_utf8_lossy(&buffer[..length]),
                // EIO: no process has the terminal open any more; source: tty_ioctl(4), pty(7).
                Ok(_) => return,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.raw_os_error() == Some(Errno::EIO as i32) => return,
                Err(error) => panic!("the terminal cannot be read: {error}"),
            }
        }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.leader.id()).unwrap())
    }

    /// Waits for the leader's end.
    fn ended(&mut self) -> ExitStatus {
        let waited = wait_until(Deadline::after(PATIENCE), Duration::from_millis(1), || {
            if self.master.is_some() {
                // A writer to a terminal without a reader waits forever.
                self.read();
            }
            match self.leader.try_wait().unwrap() {
                Some(status) => Break(status),
                None => Continue(format!("it runs; {:?}", self.seen)),
            }
        });
        waited.unwrap()
    }
}

fn stream(path: &str) -> Stdio {
    let no_terminal_of_ours = OFlag::O_NOCTTY.bits();
    let opened = File::options().read(true).write(true).custom_flags(no_terminal_of_ours).open(path);
    opened.expect("the terminal is there").into()
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.master.take());
        drop(self.leader.kill());
        drop(self.leader.wait());
    }
}

#[test]
fn the_program_is_on_the_callers_terminal() {
    let mut session = Session::isolated(&["tty"]);
    session.expect(&session.path.clone());
    assert_eq!(session.ended().code(), Some(0));
    // The control: where the input is none, there is none.
    // netns-lint: allow(unbounded-wait) netns-run has a deadline
    let ended = Command::new(NETNS_RUN).args(["--deadline", "20s", "--", "tty"]).stdin(Stdio::null()).output().unwrap();
    assert_eq!((ended.stdout.as_slice(), ended.status.code()), (&b"not a tty\n"[..], Some(1)));
}

#[test]
fn ctrl_c_reaches_the_program_once() {
    let mut session = Session::isolated(&SHELL_WITHOUT_JOBS);
    session.expect("> ");
    // The terminal echoes typed text, so the awaited text must differ from it.
    session.type_keys("trap 'echo interru\"\"pted' INT; trap 'echo us\"\"er' USR1\n");
    session.type_keys(READS_UNTIL_END);
    session.expect("ready");
    for presses in 1..=5 {
        session.type_keys(CTRL_C);
        session.expect_between_lines("interrupted");
        // A second copy would take the same path as this signal, and arrive before it.
        kill(session.pid(), Signal::SIGUSR1).unwrap();
        session.expect_between_lines("user");
        assert_eq!(session.seen.matches("interrupted").count(), presses, "{:?}", session.seen);
    }
    // The control: a signal that is sent to netns-run takes that path.
    kill(session.pid(), Signal::SIGINT).unwrap();
    session.expect_between_lines("interrupted");
    session.type_keys("end\n");
    assert_eq!(session.ended().code(), Some(7));
}

/// Pid 1, which the key reaches too, cannot act on it, and the program does not run yet.
#[test]
fn ctrl_c_ends_it_while_pasta_starts() {
    let folder = tempfile::tempdir().unwrap();
    let pasta = folder.path().join("pasta");
    fs::write(&pasta, "#!/bin/sh\nexec sleep 1000\n").unwrap();
    fs::set_permissions(&pasta, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("PATH={}:/usr/bin:/bin", folder.path().display());
    let mut session = Session::start(&["env", &path, NETNS_RUN, "--deadline", "2m", "--internet", "--", "echo", "ran"]);
    let inside = session.expect_program("sleep");
    session.type_keys(CTRL_C);
    assert_eq!(session.ended().signal(), Some(Signal::SIGINT as i32), "{}", session.seen);
    assert_are_gone(&inside);
}

#[test]
fn a_program_that_ignores_ctrl_c_goes_on() {
    let mut session = Session::isolated(&["env", "--ignore-signal=INT", "cat"]);
    session.type_keys("before\n");
    // Once from the terminal, once from the program.
    session.expect("before");
    session.expect("before");
    session.type_keys(CTRL_C);
    session.expect("^C");
    session.type_keys("after\n");
    session.expect("after");
    session.expect("after");
    session.type_keys(CTRL_D);
    assert_eq!(session.ended().code(), Some(0));
}

#[test]
fn a_key_that_ends_the_program_ends_everything() {
    for (key, signal) in [(CTRL_C, Signal::SIGINT), (CTRL_BACKSLASH, Signal::SIGQUIT)] {
        let mut session = Session::isolated(&SHELL_WITHOUT_JOBS);
        session.expect("> ");
        // A daemon, which receives no keys.
        session.type_keys("setsid --fork sleep 1000; exec cat\n");
        session.type_keys("line\n");
        session.expect("line\r\nline");
        let inside = descendants(session.pid());
        assert_eq!(inside.len(), 3, "pid 1, cat and sleep: {inside:?}");
        session.type_keys(key);
        assert_eq!(session.ended().signal(), Some(signal as i32));
        assert_are_gone(&inside);
    }
}

#[test]
fn ctrl_z_stops_it_and_fg_continues() {
    let mut session = Session::start(&["sh", "-i"]);
    session.expect("> ");
    session.type_keys(&format!("{NETNS_RUN} --deadline 2m -- cat\n"));
    session.type_keys("one\n");
    session.expect("one\r\none");
    session.type_keys(CTRL_Z);
    session.expect("Stopped");
    session.expect("> ");
    // The shell has waited for its child, netns-run, and not for cat. Pid 1 stays awake.
    let waited = wait_until(Deadline::after(PATIENCE), Duration::from_millis(1), || {
        let states: Vec<_> = descendants(session.pid()).into_iter().filter_map(state).collect();
        let stopped = states.iter().filter(|state| **state == 'T').count();
        if (stopped, states.len()) == (2, 3) { Break(()) } else { Continue(format!("{states:?}")) }
    });
    waited.unwrap();
    session.type_keys("fg\n");
    session.expect("-- cat\r\n");
    session.type_keys("two\n");
    session.expect("two\r\ntwo");
    let inside = descendants(session.pid());
    assert_eq!(inside.len(), 3, "{inside:?}");
    session.type_keys(CTRL_C);
    session.expect("> ");
    assert_are_gone(&inside);
    session.type_keys("echo the status is $?\n");
    // 128 and the signal's number, as shells give it.
    session.expect("the status is 130");
}

#[test]
fn a_new_size_of_the_window_is_told() {
    let mut session = Session::isolated(&SHELL_WITHOUT_JOBS);
    session.expect("> ");
    session.type_keys("trap 'stty size' WINCH\n");
    session.type_keys(READS_UNTIL_END);
    session.expect("ready");
    let resized = Command::new("stty").args(["rows", "33", "columns", "111"]).stdin(stream(&session.path)).status();
    assert!(resized.unwrap().success());
    session.expect_between_lines("33 111");
    // A signal that is sent only to netns-run arrives as well. The kernel merges two pending ones, so the first must arrive
    // before.
    session.expect_no_pending_signal();
    kill(session.pid(), Signal::SIGWINCH).unwrap();
    session.expect_between_lines("33 111");
}

#[test]
fn a_shell_inside_has_job_control_and_gives_the_terminal_back() {
    // The process group of dash has no number in its pid namespace, so dash fails when it returns the terminal to that group
    // at its end: a known limitation, see docs/limitations.md.
    for (shell, status) in [("/bin/bash --norc -i", 3), ("/bin/dash -i", 2)] {
        if !shell.split(' ').next().is_some_and(|path| Path::new(path).exists()) {
            continue;
        }
        // The outer shell does not give the terminal to a job, so it does not take it back.
        let mut session = Session::start(&SHELL_WITHOUT_JOBS);
        session.expect("> ");
        session.type_keys(&format!("{NETNS_RUN} --deadline 2m -- {shell}\n"));
        session.expect("-i\r\n");
        session.expect("> ");
        session.type_keys("cat\n");
        session.expect_program("cat");
        session.type_keys("one\n");
        session.expect("one\r\none");
        session.type_keys(CTRL_Z);
        session.expect("Stopped");
        session.expect("> ");
        session.type_keys("fg\n");
        session.expect("fg\r\ncat");
        session.type_keys("two\n");
        session.expect("two\r\ntwo");
        session.type_keys(CTRL_C);
        session.expect("> ");
        session.type_keys("exit 3\n");
        session.expect("exit 3\r\n");
        session.expect("> ");
        assert!(!session.seen.contains("job control"), "{:?}", session.seen);
        session.type_keys("echo the status is $?\n");
        session.expect(&format!("the status is {status}\r\n"));
        session.type_keys("exit\n");
        assert_eq!(session.ended().code(), Some(0));
    }
}

#[test]
fn the_end_of_the_terminal_ends_everything() {
    // As the first program of a terminal, and below a shell that is the first program.
    let mut first = Session::isolated(&["sleep", "1000"]);
    let mut below = Session::start(&["sh", "-i"]);
    below.expect("> ");
    below.type_keys(&format!("{NETNS_RUN} --deadline 2m -- sleep 1000\n"));
    for (session, expected) in [(&mut first, 2), (&mut below, 3)] {
        let inside = session.expect_program("sleep");
        assert_eq!(inside.len(), expected, "{inside:?}");
        drop(session.master.take());
        session.ended();
        assert_are_gone(&inside);
    }
    assert_eq!(first.ended().signal(), Some(Signal::SIGHUP as i32));
}

/// A script without job control: all of its processes are in one process group.
#[test]
fn the_program_cannot_signal_the_callers_process_group() {
    let version = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let number = |part: Option<&str>| part.and_then(|part| part.parse::<u32>().ok()).unwrap_or(0);
    let mut parts = version.split(['.', '-']);
    // netns-lint: allow(unbounded-wait) `doctor` limits each of its attempts itself
    let doctor = Command::new(NETNS_RUN).args(["doctor"]).output().unwrap();
    let has_landlock = String::from_utf8_lossy(&doctor.stdout).lines().any(|line| {
        let mut words = line.split_whitespace();
        words.next() == Some("landlock") && words.next() == Some("yes")
    });
    if (number(parts.next()), number(parts.next())) < (6, 12) || !has_landlock {
        return skip("needs Linux 6.12 with Landlock, which keeps signals inside");
    }
    let script = "sleep 60 & job=$!; trap 'echo outside was reached' TERM; \
         \"$0\" -- sh -c 'trap \"echo inside was reached\" TERM; kill 0; exit 3'; echo it ended with $?; \
         kill -0 $job && echo bystander lives; kill $job; exit 0";
    let mut session = Session::start(&["sh", "-c", script, NETNS_RUN]);
    // The control: the signal was sent.
    session.expect("inside was reached");
    session.expect("it ended with 3");
    session.expect("bystander lives");
    assert!(!session.seen.contains("outside was reached"), "{:?}", session.seen);
    session.ended();
}
