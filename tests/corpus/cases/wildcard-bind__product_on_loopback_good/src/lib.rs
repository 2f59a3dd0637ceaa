use std::net::{Ipv4Addr, UdpSocket};

pub struct Responder {
    socket: UdpSocket,
    client: UdpSocket,
}

impl Responder {
    pub fn start() -> std::io::Result<Self> {
        let client = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        Ok(Self { socket: UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?, client })
    }
}
