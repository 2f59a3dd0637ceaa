use std::io::{self, Read};
use std::net::{TcpStream, ToSocketAddrs};

pub struct Tunnel {
    stream: TcpStream,
}

impl Tunnel {
    pub fn open(to: impl ToSocketAddrs) -> io::Result<Self> {
        let stream = TcpStream::connect(to)?;
        Ok(Self { stream })
    }
}

impl Read for Tunnel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }
}
