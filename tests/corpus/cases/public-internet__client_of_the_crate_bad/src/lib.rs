use std::net::TcpStream;
use std::time::Duration;

pub struct Whois {
    server: String,
}

impl Whois {
    pub fn new(server: &str) -> Self {
        Self { server: server.to_string() }
    }

    pub fn query(&self, _name: &str) -> std::io::Result<String> {
        let stream = TcpStream::connect((self.server.as_str(), 43))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        std::io::read_to_string(stream)
    }
}
