use std::net::UdpSocket;
use std::process::Command;
fn free() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().port()
}
#[test]
fn serves() { assert!(Command::new("true").arg(free().to_string()).status().unwrap().success()); }
