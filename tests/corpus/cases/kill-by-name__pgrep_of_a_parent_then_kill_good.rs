use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

#[test]
fn ends_workers() {
    let mut server = Command::new("server").spawn().unwrap();
    let found = Command::new("pgrep").arg("-P").arg(server.id().to_string()).output().unwrap();
    for line in String::from_utf8_lossy(&found.stdout).lines() {
        kill(Pid::from_raw(line.parse().unwrap()), Signal::SIGTERM).unwrap();
    }
    server.kill().unwrap();
    server.wait().unwrap();
}
