//! Accepted, with the reason.

use std::net::TcpStream;
use std::time::Duration;

#[test]
fn above() {
    // netns-lint: allow(literal-address) RFC 2544 sets 198.18.0.0/15 aside for benchmarks, and nothing routes it
    let unreachable = "198.18.0.1:9".parse().unwrap(); //~ literal-address
    assert!(TcpStream::connect_timeout(&unreachable, Duration::from_millis(100)).is_err());
}

#[test]
fn behind() {
    TcpStream::connect("10.0.0.1:22").unwrap(); // netns-lint: allow(literal-address) the device on the bench has it //~ literal-address
}
