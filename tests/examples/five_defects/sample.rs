//! Five hazards of tests that need a network, as they are found in real projects. Never compiled: `cargo xtask demo` runs
//! the lint on this file. The other examples show how to avoid the hazards.

use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

/// 1. An environment variable without a bound decides how long a test may wait.
fn reply_timeout() -> Duration {
    let seconds = std::env::var("REPLY_TIMEOUT").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    Duration::from_secs(seconds)
}

/// 2. A shell interprets a text that is built from names.
fn run_in(namespace: &str, command: &str) {
    let line = format!("ip netns exec {namespace} {command}");
    let status = Command::new("sh").arg("-c").arg(&line).status().unwrap();
    assert!(status.success(), "{line}");
}

/// 3. A random name that is not claimed: two runs may share it without an error.
/// 5. Root, by sudo, for the whole command.
fn new_namespace() -> String {
    let namespace = format!("test-{:04x}", rand::random::<u16>());
    let status = Command::new("sudo").args(["ip", "netns", "add", &namespace]).status().unwrap();
    assert!(status.success());
    namespace
}

/// 4. An address that another machine may use for something else.
#[test]
fn server_answers() {
    let namespace = new_namespace();
    run_in(&namespace, "ip addr add 192.168.50.1/24 dev lo");
    let listener = TcpListener::bind("192.168.50.1:8080").unwrap();
    listener.set_nonblocking(true).unwrap();
    std::thread::sleep(reply_timeout());
    assert!(listener.accept().is_ok());
}
