use std::net::UdpSocket;
#[test]
fn arrives() {
    let one = UdpSocket::bind("127.0.0.1:0").unwrap();
    let other = UdpSocket::bind("127.0.0.1:0").unwrap();
    one.send_to(b"x", other.local_addr().unwrap()).unwrap();
    let mut buffer = [0; 8];
    other.recv_from(&mut buffer).unwrap();
}
