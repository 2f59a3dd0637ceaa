use std::net::{Ipv4Addr, UdpSocket};

pub struct Responder {
    socket: UdpSocket,
}

impl Responder {
    pub fn start() -> std::io::Result<Self> {
        Ok(Self { socket: socket()? })
    }
}

fn socket() -> std::io::Result<UdpSocket> {
    UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 5353))
}
