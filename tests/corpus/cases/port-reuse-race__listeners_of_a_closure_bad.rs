//! A closure binds the listeners, and the function drops all of them when it returns their ports.

use std::net::{TcpListener, UdpSocket};

fn free_ports(count: usize) -> Vec<u16> {
    let listeners: Vec<_> = (0..count).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    listeners.iter().map(|listener| listener.local_addr().unwrap().port()).collect()
}

#[test]
fn binds_all() {
    for port in free_ports(3) {
        assert!(UdpSocket::bind(("127.0.0.1", port)).is_ok());
    }
}
