//! `netns-run --internet`: connections of the program leave through pasta, and nothing else does.

#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

use std::fs;
use std::io::Write;
use std::ops::ControlFlow::{Break, Continue};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use netns_fixtures::net::SocketState;
use netns_fixtures::prelude::*;
use netns_fixtures::process::Capability;
use netns_fixtures::requirements::require_program;

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
    assert_eq!(count("pasta"), 1, "the control");
    // No socket of the machine listens for it.
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
