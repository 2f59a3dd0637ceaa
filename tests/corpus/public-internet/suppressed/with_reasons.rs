//! Accepted, with the reason.

#[test]
fn above() {
    // netns-lint: allow(public-internet) the suite is about the public resolver
    assert!(std::net::TcpStream::connect("example.com:80").is_ok()); //~ public-internet
}
