use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

pub struct Client(pub SocketAddr);

impl Client {
    pub fn open(&self) -> TcpStream {
        loop {
            match TcpStream::connect(self.0) {
                Ok(stream) => return stream,
                Err(_) => thread::sleep(Duration::from_millis(100)),
            }
        }
    }
}
