use std::net::{SocketAddr, ToSocketAddrs};

pub fn resolved(host: &str) -> SocketAddr {
    host.to_socket_addrs().unwrap().next().unwrap()
}

pub fn server(online: bool) -> SocketAddr {
    if online {
        return "stun.l.google.com:19302".to_socket_addrs().unwrap().next().unwrap();
    }
    resolved("127.0.0.1:9")
}
