use std::net::TcpListener;

pub struct Server {
    port: u16,
}

impl Server {
    pub fn new(port: u16) -> Self {
        Self { port }
    }

    pub fn listen(&self) -> std::io::Result<TcpListener> {
        TcpListener::bind(("127.0.0.1", self.port))
    }
}
