use std::net::TcpListener;

pub struct Config {
    pub address: String,
    pub workers: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { address: "0.0.0.0:0".to_string(), workers: 4 }
    }
}

pub fn run(config: &Config) -> std::io::Result<TcpListener> {
    TcpListener::bind(&config.address)
}
