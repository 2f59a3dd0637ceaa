//! Accepted, with the reason.

use std::process::Command;

#[test]
fn above() {
    // netns-lint: allow(option-injection) the server under test, chosen by whoever runs the suite
    Command::new(std::env::var("SERVER").unwrap()).arg("--version").status().unwrap(); //~ option-injection
}
