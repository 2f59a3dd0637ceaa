//! Comments that take nothing back.

use std::process::Command;

#[test]
fn the_hazard_is_gone() {
    // netns-lint: allow(shell-command) the shell's quoting is tested //~ unused-suppression
    Command::new("ip").arg("link").status().unwrap();
}

#[test]
fn of_another_rule() {
    // netns-lint: allow(temp-path) only read //~ unused-suppression
    Command::new("sh").arg("-c").arg(line()).status().unwrap(); //~ shell-command
}

#[test]
fn two_lines_above() {
    // netns-lint: allow(shell-command) too far away //~ unused-suppression

    Command::new("sh").arg("-c").arg(line()).status().unwrap(); //~ shell-command
}

#[test]
fn behind_the_line_before() {
    let line = line(); // netns-lint: allow(shell-command) covers this line alone //~ unused-suppression
    Command::new("sh").arg("-c").arg(line).status().unwrap(); //~ shell-command
}
