//! Accepted, with the reason.

use std::process::Command;

#[test]
fn above() {
    // netns-lint: allow(shell-command) the shell's own quoting is what this test is about
    Command::new("sh").arg("-c").arg(quoted()).status().unwrap(); //~ shell-command
}

#[test]
fn on_a_line_of_the_chain() {
    Command::new("bash") //~ shell-command
        .arg("-c") // netns-lint: allow(shell-command) as people call the tool
        .arg(completion())
        .status()
        .unwrap();
}

#[test]
fn among_other_rules() {
    // netns-lint: allow(privileged-command, shell-command) only ever runs in the guest image
    Command::new("sudo").args(["sh", "-c", &line()]).status().unwrap(); //~ shell-command, privileged-command
}
