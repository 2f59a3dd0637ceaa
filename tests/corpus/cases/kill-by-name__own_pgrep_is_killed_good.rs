use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

#[test]
fn ends_its_child() {
    let mut finder = Command::new("pgrep").arg("server").spawn().unwrap();
    kill(Pid::from_raw(finder.id() as i32), Signal::SIGKILL).unwrap();
    finder.wait().unwrap();
}
