#[test]
fn asks_a_server_of_either_family() {
    let peer = server();
    let own = match peer {
        std::net::SocketAddr::V4(_) => "0.0.0.0:0",
        std::net::SocketAddr::V6(_) => "[::]:0",
    };
    let socket = mio::net::UdpSocket::bind(own.parse().unwrap()).unwrap();
    socket.send_to(b"hello", peer).unwrap();
}
