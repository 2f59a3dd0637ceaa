use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

pub struct Client(pub TcpStream);

impl Client {
    pub fn open(address: SocketAddr) -> Self {
        loop {
            match TcpStream::connect(address) {
                Ok(stream) => return Self(stream),
                Err(_) => thread::sleep(Duration::from_millis(100)),
            }
        }
    }
}
