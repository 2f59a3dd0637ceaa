//! Accepted, with the reason.

#[test]
fn above() {
    // netns-lint: allow(port-reuse-race) the server cannot bind port 0, and the suite runs alone
    let port = portpicker::pick_unused_port().unwrap(); //~ port-reuse-race
    server::listen(port);
}
