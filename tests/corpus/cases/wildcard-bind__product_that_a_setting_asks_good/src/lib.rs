use std::net::{Ipv4Addr, UdpSocket};

pub struct Node {
    discovery: Option<UdpSocket>,
}

impl Node {
    pub fn start(discovers: bool) -> std::io::Result<Self> {
        let discovery = if discovers { Some(socket()?) } else { None };
        Ok(Self { discovery })
    }
}

fn socket() -> std::io::Result<UdpSocket> {
    UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 5353))
}
