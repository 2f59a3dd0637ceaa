//! The second socket does not replace the first.

use std::net::UdpSocket;

fn open(server: bool) -> std::io::Result<UdpSocket> {
    if server {
        return UdpSocket::bind(("127.0.0.1", 6881));
    }
    UdpSocket::bind(("127.0.0.1", 0))
}

#[test]
fn opens() {
    assert!(open(true).is_ok() && open(false).is_ok());
}
