use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpStream};

pub struct Server;

impl Server {
    pub async fn run(address: SocketAddr) {
        let listener = TcpListener::bind(address).await.unwrap();
        while listener.accept().await.is_ok() {}
    }
}

pub struct Client {
    stream: TcpStream,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap() }
    }

    pub fn peer(&self) -> SocketAddr {
        self.stream.peer_addr().unwrap()
    }
}
