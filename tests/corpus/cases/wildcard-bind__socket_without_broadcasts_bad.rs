//! One socket gets broadcasts, the other needs no wildcard.

#[test]
fn answers() {
    let socket = std::net::UdpSocket::bind("0.0.0.0:47808").unwrap();
    let other = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    other.set_broadcast(true).unwrap();
    drop(socket);
}
