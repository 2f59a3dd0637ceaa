use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};

#[test]
fn listens_beside_the_daemon_of_the_machine() {
    let address: SocketAddr = "127.0.0.1:5353".parse().unwrap();
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP)).unwrap();
    socket.set_reuse_port(true).unwrap();
    socket.bind(&address.into()).unwrap();
}
