//! Accepted, with the reason.

use std::process::Command;

#[test]
fn above() {
    // netns-lint: allow(kill-by-name) the process table is that of this container, which ends with the suite
    Command::new("pkill").arg("server").status().unwrap(); //~ kill-by-name
}
