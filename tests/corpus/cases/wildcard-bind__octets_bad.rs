// Every address of the machine, by its octets and by its groups.
use std::net::{Ipv6Addr, SocketAddr, TcpListener};

#[test]
fn serves_everybody() {
    let address = SocketAddr::from(([0u16; 8], 8080));
    let _one = TcpListener::bind(address).unwrap();
}

#[test]
fn serves_everybody_again() {
    let _two = TcpListener::bind((Ipv6Addr::from([0; 16]), 0)).unwrap();
}
