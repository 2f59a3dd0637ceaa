use std::net::{SocketAddr, TcpListener};

pub fn serve(address: SocketAddr) {
    let listener = TcpListener::bind(address).unwrap();
    for _stream in listener.incoming() {}
}
