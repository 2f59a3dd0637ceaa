//! Accepted, with the reason.

use std::net::UdpSocket;

#[test]
fn above() {
    // netns-lint: allow(literal-port) the protocol has one port, and the runner has a network for each suite
    UdpSocket::bind("127.0.0.1:67").unwrap(); //~ literal-port
}
