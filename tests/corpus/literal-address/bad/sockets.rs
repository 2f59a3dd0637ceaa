//! Fixed addresses that reach sockets, devices and routes, however they are written.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, TcpStream, UdpSocket};
use std::sync::LazyLock;

const PEER: &str = "10.11.12.13:9000"; //~ literal-address
const OCTETS: [u8; 4] = [192, 168, 77, 1]; //~ literal-address
const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 1); //~ literal-address

static RESOLVER: LazyLock<SocketAddr> = LazyLock::new(|| "8.8.8.8:53".parse().unwrap()); //~ literal-address

struct Plan {
    server: &'static str,
}

fn dial(address: &str) -> TcpStream {
    TcpStream::connect(address).unwrap()
}

#[test]
fn a_text() {
    UdpSocket::bind("192.168.51.1:0").unwrap(); //~ literal-address
}

#[test]
fn a_constant() {
    TcpStream::connect(PEER).unwrap();
}

#[test]
fn a_static() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(*RESOLVER).unwrap();
}

#[test]
fn by_new() {
    let address = Ipv4Addr::new(172, 17, 0, 1); //~ literal-address
    TcpStream::connect((address, port())).unwrap();
}

#[test]
fn by_an_array() {
    UdpSocket::bind(SocketAddr::from((OCTETS, 0))).unwrap();
    UdpSocket::bind(SocketAddr::from(([10, 0, 0, 2], 0))).unwrap(); //~ literal-address
}

#[test]
fn by_from() {
    let address = IpAddr::from([10, 1, 2, 3]); //~ literal-address
    UdpSocket::bind((address, 0)).unwrap();
}

#[test]
fn of_version_6() {
    UdpSocket::bind("[fd00:1:2::1]:0").unwrap(); //~ literal-address
    let address = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1); //~ literal-address
    UdpSocket::bind(SocketAddrV6::new(address, 0, 0, 0)).unwrap();
}

#[test]
fn of_a_socket_address() {
    let address = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 9), 0)); //~ literal-address
    UdpSocket::bind(address).unwrap();
}

#[test]
fn parsed() {
    let address: SocketAddr = "10.3.0.1:0".parse().unwrap(); //~ literal-address
    UdpSocket::bind(address).unwrap();
}

#[test]
fn with_a_fixed_beginning() {
    for host in 1..4 {
        UdpSocket::bind(format!("172.172.0.{host}:0")).unwrap(); //~ literal-address
    }
}

#[test]
fn with_a_fixed_beginning_in_numbers() {
    let host = host_number();
    UdpSocket::bind((Ipv4Addr::new(10, 42, 0, host), 0)).unwrap(); //~ literal-address
}

#[test]
fn of_a_packet() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(b"ping", "10.255.255.254:7").unwrap(); //~ literal-address
}

#[test]
fn by_a_field() {
    let plan = Plan { server: "10.20.0.1:53" }; //~ literal-address
    TcpStream::connect(plan.server).unwrap();
}

#[test]
fn by_a_helper() {
    dial("192.168.100.1:22"); //~ literal-address
}

#[test]
fn in_a_loop_over_a_list() {
    for address in ["10.7.0.1:0", "10.7.0.2:0"] { //~ literal-address, literal-address
        UdpSocket::bind(address).unwrap();
    }
}

#[tokio::test]
async fn of_a_device() {
    let handle: rtnetlink::Handle = netlink();
    handle.address().add(2, IpAddr::V4(GATEWAY), 24).execute().await.unwrap(); //~ host-network-changed
    let route = rtnetlink::RouteMessageBuilder::<Ipv4Addr>::new()
        .destination_prefix(Ipv4Addr::new(10, 50, 0, 0), 16) //~ literal-address
        .gateway(Ipv4Addr::new(10, 99, 0, 254)) //~ literal-address
        .build();
    handle.route().add(route).execute().await.unwrap(); //~ host-network-changed
}

#[test]
fn of_a_tunnel() {
    let mut configuration = tun::Configuration::default();
    configuration.address((10, 0, 0, 9)); //~ literal-address
    configuration.destination("10.0.0.1"); //~ literal-address
    tun::create(&configuration).unwrap(); //~ host-network-changed
}
