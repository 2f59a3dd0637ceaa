use std::net::{IpAddr, Ipv4Addr};

use tokio::net::TcpListener;

pub struct Server {
    address: IpAddr,
    name: String,
}

impl Server {
    pub fn new(name: &str) -> Self {
        Self { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), name: name.to_owned() }
    }

    pub fn set_address(&mut self, address: IpAddr) {
        self.address = address;
    }

    pub async fn listen(self) {
        let listener = TcpListener::bind((self.address, 0)).await.unwrap();
        while listener.accept().await.is_ok() {}
    }
}
