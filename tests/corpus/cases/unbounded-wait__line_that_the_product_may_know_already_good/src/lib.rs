use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsRawFd;

pub struct Session {
    reader: BufReader<TcpStream>,
    cached: Option<String>,
}

impl Session {
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let mut reader = BufReader::new(TcpStream::connect(address)?);
        Ok(Self { reader, cached: None })
    }

    pub fn say(&mut self, word: &str) -> io::Result<()> {
        self.reader.get_mut().write_all(word.as_bytes())
    }

    pub fn answer(&mut self) -> io::Result<String> {
        if let Some(line) = self.cached.take() {
            return Ok(line);
        }
        let mut line = String::new();
        self.reader.read_line(&mut line)?;
        Ok(line)
    }

    pub fn fd(&self) -> i32 {
        self.reader.get_ref().as_raw_fd()
    }
}
