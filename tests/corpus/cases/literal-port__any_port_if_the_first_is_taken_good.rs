//! A taken port does no harm.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

fn open(address: Ipv4Addr) -> std::io::Result<UdpSocket> {
    match UdpSocket::bind(SocketAddr::from((address, 6881))) {
        Ok(socket) => Ok(socket),
        Err(_) => UdpSocket::bind(SocketAddr::from((address, 0))),
    }
}

#[test]
fn opens() {
    assert!(open(Ipv4Addr::LOCALHOST).is_ok());
}
