//! Listeners on loopback, clients, and networks that nobody else is in.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::process::Command;

use netns_fixtures::prelude::*;

#[test]
fn on_loopback() {
    TcpListener::bind("127.0.0.1:0").unwrap();
    TcpListener::bind("[::1]:0").unwrap();
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    TcpListener::bind("localhost:0").unwrap();
}

#[test]
fn a_datagram_client() {
    UdpSocket::bind("0.0.0.0:0").unwrap();
    UdpSocket::bind("[::]:0").unwrap();
    UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    UdpSocket::bind(SocketAddr::from(([0, 0, 0, 0], 0))).unwrap();
}

#[test]
fn a_client_of_a_library() {
    let address: SocketAddr = "0.0.0.0:0".parse().unwrap();
    quinn::Endpoint::client(address).unwrap();
}

#[test]
fn a_socket_without_a_kind_on_a_free_port() {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).unwrap();
    let address: SocketAddr = "0.0.0.0:0".parse().unwrap();
    socket.bind(&address.into()).unwrap();
}

#[netns_test]
fn in_a_network_of_its_own() {
    TcpListener::bind("0.0.0.0:0").unwrap();
}

#[test]
fn in_a_namespace_that_the_test_enters() {
    std::thread::spawn(|| {
        nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).unwrap();
        TcpListener::bind("0.0.0.0:80").unwrap();
    })
    .join()
    .unwrap();
}

#[test]
fn what_is_compared() {
    assert!(Ipv4Addr::UNSPECIFIED.is_unspecified());
    assert_eq!(Ipv6Addr::UNSPECIFIED.to_string(), "::");
    assert_ne!(local_address().to_string(), "0.0.0.0:0");
}

#[test]
fn what_is_parsed() {
    let address: SocketAddr = "0.0.0.0:80".parse().unwrap();
    assert_eq!(address.port(), 80);
}

#[test]
fn what_is_a_default_route() {
    Command::new("ip").args(["route", "add", "0.0.0.0/0", "via", &gateway()]).status().unwrap(); //~ host-network-changed
    Command::new("ip").args(["route", "get", "0.0.0.0"]).status().unwrap();
}

#[test]
fn what_a_filter_matches() {
    Command::new("iptables").args(["-A", "INPUT", "-s", "0.0.0.0/0", "-j", "DROP"]).status().unwrap(); //~ host-network-changed
    Command::new("nft").args(["add", "rule", "t", "c", "ip", "saddr", "0.0.0.0", "drop"]).status().unwrap(); //~ host-network-changed
}

#[test]
fn what_is_in_a_container() {
    Command::new("docker").args(["run", "-p", "0.0.0.0:8080:80", "image"]).status().unwrap();
    image().with_cmd(["server", "--listen", "0.0.0.0:80"]);
}

#[test]
fn what_a_url_says() {
    let url = url::Url::parse("http://0.0.0.0:8080/").unwrap();
    assert_eq!(url.host_str(), Some("0.0.0.0"));
}

#[test]
fn a_server_on_loopback_that_is_started() {
    Command::new("nc").args(["-l", "127.0.0.1", &port().to_string()]).status().unwrap(); //~ unbounded-wait
}
