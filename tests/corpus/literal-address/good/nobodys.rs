//! Addresses that belong to nobody, or to this machine alone, and addresses that a network of the test's own has.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::Command;

use netns_fixtures::prelude::*;

#[test]
fn loopback() {
    UdpSocket::bind("127.0.0.1:0").unwrap();
    UdpSocket::bind("127.0.0.53:0").unwrap();
    TcpListener::bind("[::1]:0").unwrap();
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, 0))).unwrap();
}

#[test]
fn documentation() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(b"x", "192.0.2.1:9").unwrap();
    socket.send_to(b"x", "198.51.100.7:9").unwrap();
    socket.send_to(b"x", (Ipv4Addr::new(203, 0, 113, 1), 9)).unwrap();
    socket.send_to(b"x", "[2001:db8::1]:9").unwrap();
    socket.send_to(b"x", "[3fff::1]:9").unwrap();
}

#[test]
fn documentation_in_a_command_line() {
    Command::new("ip").args(["route", "get", "192.0.2.1"]).status().unwrap();
    Command::new("ip").args(["route", "get", "2001:db8::1"]).status().unwrap();
}

#[test]
fn the_default_route() {
    Command::new("ip").args(["route", "add", "0.0.0.0/0", "dev", "lo"]).status().unwrap(); //~ host-network-changed
    Command::new("ip").args(["-6", "route", "add", "::/0", "dev", "lo"]).status().unwrap(); //~ host-network-changed
}

#[test]
fn netmasks() {
    Command::new("ifconfig").args(["lo", "netmask", "255.255.255.0"]).status().unwrap(); //~ host-network-changed
    tun::Configuration::default().netmask((255, 255, 255, 0));
}

#[test]
fn multicast_and_broadcast() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(b"x", "224.0.0.251:5353").unwrap();
    socket.send_to(b"x", "255.255.255.255:67").unwrap();
}

#[test]
fn any_address_of_a_client() {
    UdpSocket::bind("0.0.0.0:0").unwrap();
    UdpSocket::bind("[::]:0").unwrap();
}

#[test]
fn by_name() {
    let listener = TcpListener::bind("localhost:0").unwrap();
    TcpStream::connect(("localhost", listener.local_addr().unwrap().port())).unwrap();
}

#[netns_test]
fn in_a_network_of_its_own() {
    UdpSocket::bind("10.0.0.1:0").unwrap(); //~ pedantic: literal-address
}

#[netns_test]
fn of_the_fixtures(net: Pair) {
    TcpStream::connect((net.server.ipv4(), net.server.lease_port())).unwrap();
}

#[test]
fn in_a_container() {
    Command::new("docker").args(["network", "create", "--subnet", "172.28.0.0/16", &net()]).status().unwrap();
    image().with_cmd(["sh", "-c", "ip addr add 10.1.1.1/24 dev eth0"]);
}

#[test]
fn in_a_lab_of_another_crate() {
    let lab = patchbay::Lab::new();
    UdpSocket::bind("10.2.0.1:0").unwrap(); //~ pedantic: literal-address
    drop(lab);
}

struct Probe {
    target: SocketAddr,
}

impl Probe {
    fn send(&self, socket: &mut impl Socket) {
        socket.send_to(b"x", self.target).unwrap();
    }
}

#[test]
fn on_a_mock() {
    let mut socket = MockSocket::new();
    socket.expect_send_to().times(1);
    let probe = Probe { target: "5.6.7.8:9".parse().unwrap() };
    probe.send(&mut socket);
}
