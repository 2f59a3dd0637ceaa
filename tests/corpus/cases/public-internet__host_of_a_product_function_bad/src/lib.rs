use std::net::{SocketAddr, ToSocketAddrs};

pub struct Client {
    server: SocketAddr,
}

impl Client {
    pub fn new(server: SocketAddr) -> Self {
        Self { server }
    }

    pub fn with_a_known_server() -> Self {
        let server = "stun.l.google.com:19302".to_socket_addrs().unwrap().find(|server| server.is_ipv4()).unwrap();
        Self::new(server)
    }

    pub fn server(&self) -> SocketAddr {
        self.server
    }
}
