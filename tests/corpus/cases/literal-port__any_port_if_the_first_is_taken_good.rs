//! A taken port does no harm.

use std::net::UdpSocket;

fn open() -> std::io::Result<UdpSocket> {
    match UdpSocket::bind(("127.0.0.1", 6881)) {
        Ok(socket) => Ok(socket),
        Err(_) => UdpSocket::bind(("127.0.0.1", 0)),
    }
}

fn open_shortly() -> std::io::Result<UdpSocket> {
    UdpSocket::bind("127.0.0.1:6882").or_else(|_| UdpSocket::bind("127.0.0.1:0"))
}

#[test]
fn opens() {
    assert!(open().is_ok() && open_shortly().is_ok());
}
