use std::net::UdpSocket;

#[test]
fn sends() {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.connect("192.168.1.1:161").unwrap();
    socket.send(b"ping").unwrap();
}
