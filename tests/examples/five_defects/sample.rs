//! Five hazards of tests that need a network, each as it is found in real projects. Never compiled: it is what
//! `cargo xtask demo` shows the lint. What it should have been is in the other examples.

use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

/// 1. The environment decides how long a test may wait, without a bound.
fn reply_timeout() -> Duration {
    let seconds = std::env::var("REPLY_TIMEOUT").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    Duration::from_secs(seconds)
}

/// 2. A shell reads what was put together from names.
fn run_in(namespace: &str, command: &str) {
    let line = format!("ip netns exec {namespace} {command}");
    let status = Command::new("sh").arg("-c").arg(&line).status().unwrap();
    assert!(status.success(), "{line}");
}

/// 3. A name that is random but that nobody claims: two runs may share it, and nothing says so.
/// 5. Root, by sudo, for the whole command.
fn new_namespace() -> String {
    let namespace = format!("test-{:04x}", rand::random::<u16>());
    let status = Command::new("sudo").args(["ip", "netns", "add", &namespace]).status().unwrap();
    assert!(status.success());
    namespace
}

/// 4. An address that belongs to somebody else on the next machine.
#[test]
fn server_answers() {
    let namespace = new_namespace();
    run_in(&namespace, "ip addr add 192.168.50.1/24 dev lo");
    let listener = TcpListener::bind("192.168.50.1:8080").unwrap();
    listener.set_nonblocking(true).unwrap();
    std::thread::sleep(reply_timeout());
    assert!(listener.accept().is_ok());
}
