use std::net::UdpSocket;
#[test]
fn asks() {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.connect("127.0.0.1:9").unwrap();
}
