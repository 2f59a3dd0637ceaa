use std::net::UdpSocket;
use std::thread;

use lamps::Port;

#[test]
fn answers() {
    let lamp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = lamp.local_addr().unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 16];
        let (length, peer) = lamp.recv_from(&mut buffer).unwrap();
        lamp.send_to(&buffer[..length], peer).unwrap();
    });
    let port = Port::open().unwrap();
    port.send(b"on", address).unwrap();
    assert_eq!(port.receive().unwrap(), b"on");
}
