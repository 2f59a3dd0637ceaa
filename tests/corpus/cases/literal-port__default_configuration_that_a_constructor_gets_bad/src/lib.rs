use std::net::TcpListener;

pub struct Config {
    pub port: u16,
}

impl Default for Config {
    fn default() -> Self {
        Self { port: 8080 }
    }
}

pub struct Server {
    config: Config,
}

impl Server {
    pub fn new(config: Config) -> Self {
        Self { config }
    }

    pub fn run(&self) {
        let listener = TcpListener::bind(("127.0.0.1", self.config.port)).unwrap();
        listener.accept().unwrap();
    }
}
