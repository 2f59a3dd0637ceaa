use std::net::{Ipv4Addr, SocketAddr, TcpListener};

pub struct Config { pub address: SocketAddr, pub threads: usize }
impl Default for Config {
    fn default() -> Self { Self { address: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)), threads: 1 } }
}
pub struct Server { config: Config }
impl Server {
    pub fn new(config: Config) -> Self { Self { config } }
    pub fn start(&self) -> TcpListener { TcpListener::bind(self.config.address).unwrap() }
}
