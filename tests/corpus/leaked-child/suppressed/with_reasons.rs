//! Accepted, with the reason.

use std::process::Command;

#[test]
fn above() {
    // netns-lint: allow(leaked-child) detaching is what this test is about; the child ends when its pipe closes
    Command::new("daemon").spawn().unwrap(); //~ leaked-child
}
