use std::net::{SocketAddr, TcpListener};

fn unused_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[test]
fn serves() {
    serve(unused_address());
}
