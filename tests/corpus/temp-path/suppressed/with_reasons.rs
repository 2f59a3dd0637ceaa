//! Accepted, with the reason.

#[test]
fn above() {
    // netns-lint: allow(temp-path) the daemon under test looks there and nowhere else
    std::os::unix::net::UnixListener::bind("/tmp/.X11-unix/X99").unwrap(); //~ temp-path
}
