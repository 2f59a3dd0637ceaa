//! Later ways to become somebody else.

use std::process::Command;

#[test]
fn by_systemd() {
    Command::new("run0").args(["ip", "link", "set", "lo", "up"]).status().unwrap(); //~ privileged-command, host-network-changed
}
