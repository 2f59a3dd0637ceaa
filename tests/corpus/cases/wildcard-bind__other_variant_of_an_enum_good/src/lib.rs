use std::net::{IpAddr, Ipv4Addr, TcpListener};

#[derive(Default)]
pub enum Interface {
    #[default]
    All,
    Loopback,
}

impl Interface {
    fn address(&self) -> IpAddr {
        match self {
            Interface::All => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            Interface::Loopback => IpAddr::V4(Ipv4Addr::LOCALHOST),
        }
    }
}

pub fn listen(interface: Interface, port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((interface.address(), port))
}
