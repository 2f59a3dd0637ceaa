//! Accepted, with the reason.

use std::process::Command;

#[test]
fn above() {
    // netns-lint: allow(privileged-command) asks only whether there is a rule without a password
    Command::new("sudo").args(["-n", "true"]).status().unwrap(); //~ privileged-command
}
