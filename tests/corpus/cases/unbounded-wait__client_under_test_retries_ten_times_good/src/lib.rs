use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

pub struct Client(pub TcpStream);

impl Client {
    pub fn open(address: SocketAddr) -> Option<Self> {
        for _ in 0..10 {
            match TcpStream::connect(address) {
                Ok(stream) => return Some(Self(stream)),
                Err(_) => thread::sleep(Duration::from_millis(100)),
            }
        }
        None
    }
}
