use std::net::UdpSocket;
#[test]
fn sends() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(b"x", "192.168.1.255:9999").unwrap();
}
