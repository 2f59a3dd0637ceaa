//! Makes a bridge in the script of a shell.
use std::process::Command;

pub fn make_bridge() -> bool {
    let script = "set -e; ip link add br0 type bridge; ip link set br0 up";
    Command::new("sh").args(["-c", script]).status().is_ok_and(|status| status.success())
}
