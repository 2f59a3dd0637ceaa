use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

pub struct Port {
    socket: UdpSocket,
}

impl Port {
    pub fn open() -> io::Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        Ok(Self { socket })
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    pub fn send(&self, text: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.socket.send_to(text, to)
    }

    pub fn receive(&self) -> io::Result<Vec<u8>> {
        let mut buffer = vec![0; 512];
        let length = match self.socket.recv_from(&mut buffer) {
            Ok((length, _)) => length,
            Err(error) => return Err(error),
        };
        buffer.truncate(length);
        Ok(buffer)
    }

    pub fn set_limit(&self, limit: Duration) -> io::Result<()> {
        self.socket.set_read_timeout(Some(limit))
    }
}

pub struct Lamp {
    port: Port,
}

impl Lamp {
    pub fn open() -> io::Result<Self> {
        Ok(Self { port: Port::open()? })
    }

    pub fn address(&self) -> SocketAddr {
        self.port.address().unwrap()
    }

    pub fn serve_one(&self, to: SocketAddr) {
        let asked = self.port.receive().unwrap();
        self.port.send(&asked, to).unwrap();
    }
}
