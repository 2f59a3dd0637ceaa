//! Comments that do not say why.

use std::process::Command;

#[test]
fn nothing() {
    // netns-lint: allow(shell-command) //~ suppression-without-reason
    Command::new("sh").arg("-c").arg(line()).status().unwrap();
}

#[test]
fn only_signs() {
    Command::new("sh").arg("-c").arg(line()).status().unwrap(); // netns-lint: allow(shell-command): - //~ suppression-without-reason
}
