use std::net::{SocketAddr, UdpSocket};

pub struct Names {
    socket: UdpSocket,
}

impl Names {
    pub fn server(address: SocketAddr) -> Self {
        Self { socket: UdpSocket::bind(address).unwrap() }
    }

    pub fn client(address: SocketAddr) -> Self {
        Self { socket: UdpSocket::bind(address).unwrap() }
    }

    pub fn ask(&self) {
        self.socket.send_to(b"?", "127.0.0.1:9").unwrap();
    }
}
