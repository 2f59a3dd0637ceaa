//! `netns-run --internet`: connections of the program leave through pasta, and nothing else does.

#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::ops::ControlFlow::{Break, Continue};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use netns_fixtures::net::SocketState;
use netns_fixtures::prelude::*;
use netns_fixtures::process::Capability;
use netns_fixtures::requirements::require_program;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use processes::{assert_are_gone, descendants};

mod processes;

fn netns_run(arguments: &[&str]) -> Command {
    let mut command = Command::new(cargo_bin!("netns-run"));
    command.args(["--deadline", "60s"]).args(arguments);
    command
}

/// Returns the number of the test's processes that were started by this name; pasta executes another file of its package.
fn count(name: &str) -> usize {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let commands = processes.filter_map(|process| fs::read_to_string(process.path().join("cmdline")).ok());
    commands.filter(|command| Path::new(command.split('\0').next().unwrap_or_default()).ends_with(name)).count()
}

/// Runs `netns-run` as root of a machine would.
fn on(host: &Host, arguments: &[&str]) -> TestResult<netns_fixtures::process::Command> {
    let mut command = host.command(cargo_bin!("netns-run"))?;
    command.args(["--deadline", "60s"]).args(arguments).inherit_env(["PATH"]);
    command.keep_capabilities([Capability::SYS_ADMIN, Capability::SETUID, Capability::SETGID, Capability::SETFCAP]);
    Ok(command)
}

/// The host `server` represents the internet, and the host `client` the machine.
#[netns_test(requires(tun), deadline = "90s")]
fn connections_of_the_program_leave_through_pasta(net: Pair) -> TestResult {
    require_program("pasta")?;
    // pasta copies the addresses of the device with the default route.
    net.client.set_default_gateway(net.server.ipv4())?;
    let listener = net.server.tcp_listener(80)?;
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let _ = (&connection).write_all(b"hello\n");
        }
    });
    let script = format!("read -r line < /dev/tcp/{}/80 && echo $line && cat /etc/resolv.conf", net.server.ipv4());
    for options in [&["--internet"][..], &["--internet", "--private", "/mnt"]] {
        let output = on(&net.client, &[options, &["--", "bash", "-c", &script]].concat())?.output()?.checked()?;
        assert_eq!(output.stdout.text(), "hello\nnameserver 203.0.113.53\n", "{options:?}");
        assert_eq!(count("pasta"), 0, "it ends with netns-run");
    }
    let without = on(&net.client, &["--", "bash", "-c", &script])?.output()?;
    assert!(!without.status.success(), "the control");

    let mut running = on(&net.client, &["--internet", "--", "sh", "-c", "echo ready; exec sleep 1000"])?;
    let running = running.ready_when(Ready::line("ready")).may_exit().spawn()?;
    // More than one, for moments: it enters the namespaces by short-lived copies of itself.
    assert!(count("pasta") >= 1, "the control");
    // Nothing listens on the machine for it.
    let sockets = net.client.sockets()?;
    assert!(sockets.iter().all(|socket| socket.state != SocketState::Listen), "{sockets:?}");
    running.kill()?;
    wait_until(Deadline::after(Duration::from_secs(20)), Duration::from_millis(5), || {
        match count("pasta") + count("sleep") + count("netns-run") {
            0 => Break(()),
            left => Continue(left),
        }
    })?;
    Ok(())
}

#[test]
fn without_pasta_nothing_runs_and_the_package_is_named() {
    let ended = netns_run(&["--internet", "--", "echo", "ran"]).env("PATH", "/nonexistent").output().unwrap();
    let complaint = String::from_utf8_lossy(&ended.stderr);
    assert_eq!((ended.status.code(), ended.stdout.as_slice()), (Some(125), &b""[..]), "{complaint}");
    assert!(complaint.contains("--internet") && complaint.contains("install the package passt"), "{complaint}");
    let both = netns_run(&["--internet", "--veth", "--", "true"]).output().unwrap();
    assert_eq!(both.status.code(), Some(125));
}

/// A pasta that fails, or does nothing.
#[test]
fn a_pasta_that_makes_no_network_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/bin/false", folder.path().join("pasta")).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let ended = netns_run(&["--internet", "--", "echo", "ran"]).env("PATH", path).output().unwrap();
    let complaint = String::from_utf8_lossy(&ended.stderr);
    assert_eq!((ended.status.code(), ended.stdout.as_slice()), (Some(125), &b""[..]), "{complaint}");
    assert!(complaint.contains("pasta made no default route within 10s"), "{complaint}");
}

/// A pasta that starts and makes no network.
fn stalled_pasta() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("pasta");
    fs::write(&script, "#!/bin/sh\nexec sleep 1000\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    (folder, path)
}

/// Waits until the pasta of this `netns-run` runs, and returns the processes below `netns-run`.
fn until_pasta_runs(netns_run: Pid) -> BTreeSet<i32> {
    let is_pasta = |pid: &i32| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "sleep\n");
    let waited = wait_until(Deadline::after(Duration::from_secs(20)), Duration::from_millis(5), || {
        let below = descendants(netns_run);
        if below.iter().any(is_pasta) { Break(below) } else { Continue(format!("{below:?}")) }
    });
    waited.unwrap()
}

/// The pipes that a process has open, by their numbers: all, and those for writing; source: `flags` in proc_pid_fdinfo(5).
fn pipes(pid: i32) -> [BTreeSet<String>; 2] {
    let mut pipes = [BTreeSet::new(), BTreeSet::new()];
    for entry in fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten() {
        let Ok(link) = fs::read_link(entry.path()) else { continue };
        let name = link.display().to_string();
        if name.starts_with("pipe:") {
            let info = fs::read_to_string(format!("/proc/{pid}/fdinfo/{}", entry.file_name().display()));
            if info.is_ok_and(|info| info.lines().any(|line| line.starts_with("flags:") && line.ends_with('1'))) {
                pipes[1].insert(name.clone());
            }
            pipes[0].insert(name);
        }
    }
    pipes
}

/// A `netns-run` that waits for its pasta. Dropping it kills it.
struct Waiting {
    netns_run: Child,
    below: BTreeSet<i32>,
    folder: tempfile::TempDir,
}

impl Waiting {
    /// Runs `netns-run` by these words; the program would make a file.
    fn start(words: &[&str]) -> Self {
        let (folder, path) = stalled_pasta();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).args(["--internet", "--", "touch"]).arg(folder.path().join("ran"));
        let netns_run = command.env("PATH", &path).stderr(Stdio::null()).spawn().unwrap();
        let mut waiting = Self { netns_run, below: BTreeSet::new(), folder };
        waiting.below = until_pasta_runs(waiting.pid());
        waiting
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.netns_run.id().try_into().unwrap())
    }

    /// Sends the signal and waits for the end.
    fn ended_by(mut self, signal: Signal) -> ExitStatus {
        kill(self.pid(), signal).unwrap();
        let ended = self.netns_run.wait().unwrap();
        assert!(!self.folder.path().join("ran").exists(), "the program ran");
        assert_are_gone(&self.below);
        ended
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        drop(self.netns_run.kill());
        drop(self.netns_run.wait());
    }
}

const NETNS_RUN: &str = env!("CARGO_BIN_EXE_netns-run");

#[test]
fn a_signal_ends_it_while_pasta_starts() {
    // A program ignores the signals that its caller ignores, and a shell starts `cargo test &` without SIGINT.
    const DEFAULT: [&str; 3] = ["env", "--default-signal", NETNS_RUN];
    for words in [DEFAULT.to_vec(), [&DEFAULT[..], &["--private", "/mnt"]].concat()] {
        for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGKILL] {
            let waiting = Waiting::start(&words);
            // Only `netns-run` may hold the pipe whose end is the end of pasta. The caller's pipes are the program's too.
            let [callers, _] = pipes(std::process::id().try_into().unwrap());
            let held = &pipes(waiting.pid().as_raw())[1] - &callers;
            assert!(!held.is_empty(), "the control");
            for process in &waiting.below {
                assert!(
                    held.is_disjoint(&pipes(*process)[1]),
                    "{process} of {:?} holds one of {held:?}",
                    waiting.below
                );
            }
            // The wait for a route takes longer.
            let since = Instant::now();
            assert_eq!(waiting.ended_by(signal).signal(), Some(signal as i32));
            assert!(since.elapsed() < Duration::from_secs(8), "{signal}: it took {:?}", since.elapsed());
        }
    }
}

#[test]
fn an_ignored_signal_does_not_end_it_while_pasta_starts() {
    let waiting = Waiting::start(&["env", "--ignore-signal=INT", NETNS_RUN]);
    assert_eq!(waiting.ended_by(Signal::SIGINT).code(), Some(125), "it waited for the route");
}
