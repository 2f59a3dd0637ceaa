//! Accepted, with the reason.

use std::time::Duration;

#[test]
fn above() {
    let server = std::thread::spawn(serve);
    // netns-lint: allow(sleep-as-synchronization) the server is closed: nothing of it can be asked
    std::thread::sleep(Duration::from_millis(100)); //~ sleep-as-synchronization
    assert!(std::net::TcpStream::connect(address()).is_ok());
    server.join().unwrap();
}
