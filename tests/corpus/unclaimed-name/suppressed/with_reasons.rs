//! Accepted, with the reason.

use std::process::Command;

#[test]
fn above() {
    // netns-lint: allow(unclaimed-name) the runner's machine is made for this suite
    Command::new("ip").args(["netns", "add", "blue"]).status().unwrap(); //~ unclaimed-name
}
