//! Accepted, with the reason.

use std::process::Command;

#[test]
fn above() {
    let mut child = Command::new("server").arg("--check").spawn().unwrap();
    // netns-lint: allow(unbounded-wait) nextest ends this test after ten seconds, see .config/nextest.toml
    child.wait().unwrap(); //~ unbounded-wait
}
