//! Addresses that are made, named or counted in other ways.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::str::FromStr;

use numbers::FIRST as PEER;

mod numbers {
    pub const FIRST: &str = "10.0.0.9:0"; //~ literal-address
    pub const BIND: &str = "127.0.0.1:0";
}

mod strangers {
    use std::net::TcpListener;

    const BIND: &str = "10.0.0.1:0"; //~ literal-address

    #[test]
    fn of_the_constant_of_this_module() {
        TcpListener::bind(BIND).unwrap();
    }
}

const HOSTS: [&str; 2] = ["10.0.0.1:0", "10.0.0.2:0"]; //~ literal-address, literal-address

struct Server {
    address: String,
}

impl Server {
    fn start(&self) {
        TcpListener::bind(&self.address).unwrap();
    }
}

#[test]
fn of_the_constant_of_another_module() {
    TcpListener::bind(numbers::BIND).unwrap();
}

#[test]
fn by_another_name() {
    UdpSocket::bind(PEER).unwrap();
}

#[test]
fn one_of_a_list() {
    UdpSocket::bind(HOSTS[which()]).unwrap();
}

#[test]
fn in_an_object() {
    let server = Server { address: "10.0.0.3:0".into() }; //~ literal-address
    server.start();
}

#[test]
fn of_one_number() {
    TcpStream::connect((Ipv4Addr::from(0x0a00_0001_u32), 80)).unwrap(); //~ literal-address
}

#[test]
fn of_its_bits() {
    TcpStream::connect((Ipv4Addr::from_bits(0x0a00_0001), 80)).unwrap(); //~ literal-address
}

#[test]
fn read_from_a_text() {
    let host = IpAddr::from_str("10.0.0.1").unwrap(); //~ literal-address
    TcpStream::connect((host, 80)).unwrap();
}

#[test]
fn of_another_crate() {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let address: SocketAddr = "10.0.0.1:80".parse().unwrap(); //~ literal-address
    socket.connect(&socket2::SockAddr::from(address)).unwrap();
}
