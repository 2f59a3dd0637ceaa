//! Accepted, with the reason.

use std::net::TcpListener;

#[test]
fn above() {
    // netns-lint: allow(wildcard-bind) what this test is about: an address that is not the asked one is refused
    TcpListener::bind("0.0.0.0:0").unwrap(); //~ wildcard-bind
}
