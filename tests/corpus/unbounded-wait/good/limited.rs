//! A program that ends what it runs.

use std::process::Command;

#[test]
fn by_timeout() {
    let child = Command::new("timeout").args(["-k", "1", "5", "server"]).spawn().unwrap();
    child.wait_with_output().unwrap();
}

#[test]
fn by_the_last_limit() {
    let mut server = assert_cmd::Command::new(env!("CARGO_BIN_EXE_server"));
    server.timeout(None).timeout(std::time::Duration::from_secs(5));
    server.output().unwrap();
}
