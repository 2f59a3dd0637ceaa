//! Comments that name what does not exist.

use std::process::Command;

#[test]
fn misspelt() {
    // netns-lint: allow(shel-command) the shell's quoting is tested //~ unknown-rule
    Command::new("sh").arg("-c").arg(line()).status().unwrap(); //~ shell-command
}

#[test]
fn one_of_two() {
    // netns-lint: allow(shell-command, sudo) the shell's quoting is tested //~ unknown-rule
    Command::new("sh").arg("-c").arg(line()).status().unwrap();
}

#[test]
fn nothing() {
    // netns-lint: allow() everything //~ unknown-rule
    Command::new("sh").arg("-c").arg(line()).status().unwrap(); //~ shell-command
}
