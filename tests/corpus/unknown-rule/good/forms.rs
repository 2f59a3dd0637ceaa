//! Names that exist.

use std::process::Command;

#[test]
fn of_one_rule() {
    // netns-lint: allow(shell-command) the shell's quoting is tested
    Command::new("sh").arg("-c").arg(line()).status().unwrap();
}

#[test]
fn with_spaces() {
    // netns-lint: allow( shell-command , temp-path ) the shell's redirection is tested
    Command::new("sh").arg("-c").arg(format!("{} > /tmp/out", line())).status().unwrap();
}
