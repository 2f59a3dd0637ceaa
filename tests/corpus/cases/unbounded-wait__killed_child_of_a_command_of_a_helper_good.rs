use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

fn server(arguments: &[&str]) -> Command {
    let mut command = Command::new("server");
    command.arg("--port=0").args(arguments);
    command
}

fn running(arguments: &[&str]) -> Child {
    let mut child = server(arguments).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.as_mut().unwrap().write_all(b"!").unwrap();
    child
}

#[test]
fn by_its_handle() {
    let mut child = running(&["cat"]);
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
}

#[test]
fn by_its_number() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut child = running(&["cat"]);
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
        kill(pid, signal).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(signal as i32));
    }
}
