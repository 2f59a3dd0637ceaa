use std::net::TcpListener;

#[derive(Default)]
pub struct Builder {
    port: u16,
}

impl Builder {
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    pub fn start(self) -> std::io::Result<TcpListener> {
        TcpListener::bind(("127.0.0.1", self.port))
    }
}
