use std::net::{SocketAddr, TcpListener};

pub struct ServerBuilder {
    address: SocketAddr,
    name: String,
}

impl ServerBuilder {
    pub fn new() -> Self {
        Self { address: "0.0.0.0:0".parse().unwrap(), name: String::new() }
    }

    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    pub fn name(mut self, name: &str) -> Self {
        self.name = name.to_string();
        self
    }

    pub fn build(self) -> std::io::Result<Server> {
        Ok(Server { listener: TcpListener::bind(self.address)?, name: self.name })
    }
}

pub struct Server {
    pub listener: TcpListener,
    pub name: String,
}
