//! A program that ends what it runs.

use std::process::Command;

#[test]
fn by_timeout() {
    let child = Command::new("timeout").args(["-k", "1", "5", "server"]).spawn().unwrap();
    child.wait_with_output().unwrap();
}
