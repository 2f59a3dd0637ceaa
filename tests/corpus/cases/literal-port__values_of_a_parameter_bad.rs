// Every combination of the values is a test.
use std::net::{Ipv4Addr, UdpSocket};

#[rstest::rstest]
fn binds(#[values(0, 5353)] port: u16, #[values(true, false)] broadcast: bool) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    socket.set_broadcast(broadcast).unwrap();
}
