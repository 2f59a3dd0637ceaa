use std::net::{SocketAddr, TcpListener};

fn unused_address() -> SocketAddr {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
    socket.set_reuse_address(true).unwrap();
    let listener = TcpListener::from(socket);
    listener.local_addr().unwrap()
}

#[test]
fn serves() {
    serve(unused_address());
}
