//! Accepted, with the reason.

use std::process::Command;

#[test]
fn above() {
    let words = shlex::split(&documented_example()).unwrap();
    // netns-lint: allow(split-command) the examples of the manual are run as they stand there
    Command::new(&words[0]).args(&words[1..]).status().unwrap(); //~ split-command
}
