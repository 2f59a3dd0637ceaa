//! Broadcasts reach only a socket on every address.

#[test]
fn answers() {
    let socket = std::net::UdpSocket::bind("0.0.0.0:47808").unwrap();
    socket.set_broadcast(true).unwrap();
}
