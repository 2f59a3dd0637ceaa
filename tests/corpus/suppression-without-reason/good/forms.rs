//! Comments that say why.

use std::process::Command;

#[test]
fn in_words() {
    // netns-lint: allow(shell-command) the shell's quoting is tested
    Command::new("sh").arg("-c").arg(line()).status().unwrap();
}

#[test]
fn behind_a_colon_or_a_dash() {
    // netns-lint: allow(shell-command): the shell's quoting is tested
    Command::new("sh").arg("-c").arg(line()).status().unwrap();
    // netns-lint: allow(shell-command) — the shell's quoting is tested
    Command::new("sh").arg("-c").arg(line()).status().unwrap();
}
