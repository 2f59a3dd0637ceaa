//! Ports that the kernel or somebody else chooses, and networks that nobody else is in.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixListener;

use netns_fixtures::prelude::*;

#[test]
fn zero() {
    TcpListener::bind("127.0.0.1:0").unwrap();
    TcpListener::bind(("127.0.0.1", 0)).unwrap();
    TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    UdpSocket::bind("[::1]:0").unwrap();
}

#[test]
fn what_the_kernel_has_chosen() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let port = listener.local_addr().unwrap().port();
    TcpStream::connect(("127.0.0.1", port)).unwrap();
    TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
}

#[test]
fn what_somebody_has_picked() {
    let port = ports::reserved().unwrap();
    TcpListener::bind(("127.0.0.1", port)).unwrap();
}

#[test]
fn what_the_environment_says() {
    let port: u16 = std::env::var("PORT").unwrap().parse().unwrap();
    TcpStream::connect(("127.0.0.1", port)).unwrap();
}

#[test]
fn a_leased_one() {
    let port = pool().lease();
    TcpListener::bind((Ipv4Addr::LOCALHOST, port.number())).unwrap();
}

#[netns_test]
fn in_a_network_of_its_own() {
    TcpListener::bind("127.0.0.1:80").unwrap();
}

#[netns_test]
async fn in_a_network_of_its_own_asynchronously(net: Pair) {
    let listener = net.server.tcp_listener(53).await.unwrap();
    net.client.tcp_stream((net.server.ipv4(), 53)).await.unwrap();
    drop(listener);
}

#[test]
fn in_a_namespace_that_the_test_enters() {
    std::thread::spawn(|| {
        nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).unwrap();
        TcpListener::bind("127.0.0.1:80").unwrap();
    })
    .join()
    .unwrap();
}

#[test]
fn of_another_machine() {
    TcpStream::connect("example.test:443").unwrap();
    TcpStream::connect((peer(), 22)).unwrap();
}

#[test]
fn a_text_that_is_only_parsed() {
    assert_eq!("localhost:80".len(), 12);
    let address: SocketAddr = "127.0.0.1:80".parse().unwrap();
    assert_eq!(address.port(), 80);
}

#[test]
fn a_url_that_is_only_parsed() {
    let url = url::Url::parse("http://localhost:8080/").unwrap();
    assert_eq!(url.port(), Some(8080));
}

#[test]
fn something_else_that_connects() {
    bus().connect("signal:9");
    signal().connect("clicked:1", handler);
}

#[test]
fn a_socket_of_the_file_system() {
    let folder = tempfile::tempdir().unwrap();
    UnixListener::bind(folder.path().join("x.sock")).unwrap();
}
