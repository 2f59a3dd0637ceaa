use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

pub struct Config {
    pub host: IpAddr,
    pub port: u16,
    pub workers: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { host: IpAddr::V4(Ipv4Addr::UNSPECIFIED), port: 0, workers: 4 }
    }
}

pub struct Server {
    config: Config,
}

impl Server {
    pub fn new(config: Config) -> Self {
        Self { config }
    }

    pub fn start(&self) -> std::io::Result<TcpListener> {
        TcpListener::bind(SocketAddr::new(self.config.host, self.config.port))
    }
}
