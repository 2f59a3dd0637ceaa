use std::net::{TcpListener, ToSocketAddrs};

pub fn serve(address: impl ToSocketAddrs) -> TcpListener {
    TcpListener::bind(address).unwrap()
}
