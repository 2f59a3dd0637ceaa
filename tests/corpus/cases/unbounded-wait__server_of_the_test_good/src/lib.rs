use std::io::Result;
use std::net::{SocketAddr, TcpListener, TcpStream};

pub struct Client(TcpStream);

impl Client {
    pub fn open(server: SocketAddr) -> Result<Self> {
        TcpStream::connect(server).map(Self)
    }
}

pub struct Server(TcpListener);

impl Server {
    pub fn bind() -> Result<Self> {
        TcpListener::bind("127.0.0.1:0").map(Self)
    }

    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    pub fn run(self) {
        for connection in self.0.incoming() {
            drop(connection);
        }
    }
}
