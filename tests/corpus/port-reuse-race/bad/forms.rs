//! Ports that were free a moment ago.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};


fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port() //~ port-reuse-race
}

fn free_port_by_name() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap(); //~ port-reuse-race
    listener.local_addr().unwrap().port()
}

fn free_port_of_a_pair() -> std::io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?; //~ port-reuse-race
    Ok(listener.local_addr()?.port())
}

fn free_udp_port() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap(); //~ port-reuse-race
    let port = socket.local_addr().unwrap().port();
    drop(socket);
    port
}

async fn free_port_async() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(); //~ port-reuse-race
    listener.local_addr().unwrap().port()
}

#[test]
fn picks() {
    let port = portpicker::pick_unused_port().unwrap(); //~ port-reuse-race
    server::listen(port);
}

#[test]
fn picks_by_another_crate() {
    let port = openport::pick_unused_port(15_000..16_000).unwrap(); //~ port-reuse-race
    server::listen(port);
}

#[test]
fn picks_by_a_third() {
    let port = port_check::free_local_port().unwrap(); //~ port-reuse-race
    server::listen(port);
}

fn free_port_of_the_other_family() -> u16 {
    TcpListener::bind("[::1]:0").unwrap().local_addr().unwrap().port() //~ port-reuse-race
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap(); //~ port-reuse-race
    listener.local_addr().unwrap()
}

#[test]
fn picks_by_a_fourth() {
    let port = port_selector::random_free_port().unwrap(); //~ port-reuse-race
    server::listen(port);
}

#[test]
fn gives_it_to_a_program() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap(); //~ port-reuse-race
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mut child = std::process::Command::new("/usr/bin/server").arg(port.to_string()).spawn().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
}
