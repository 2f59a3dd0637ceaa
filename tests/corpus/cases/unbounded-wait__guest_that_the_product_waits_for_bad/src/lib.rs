use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

pub struct Door {
    listener: TcpListener,
}

impl Door {
    pub fn open() -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind("127.0.0.1:0")? })
    }

    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    pub fn next_guest(&self) -> io::Result<SocketAddr> {
        let (_, guest) = self.listener.accept()?;
        Ok(guest)
    }
}

pub fn knock(door: SocketAddr) -> io::Result<()> {
    TcpStream::connect(door)?.write_all(b"knock")
}
