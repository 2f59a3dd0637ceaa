//! What the tests share.

pub const SERVER: &str = "10.80.0.1:0";

pub fn client(address: &str) -> std::net::UdpSocket {
    std::net::UdpSocket::bind(address).unwrap()
}
