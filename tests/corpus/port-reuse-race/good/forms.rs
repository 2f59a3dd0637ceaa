//! Ports that are held until they are used.

use std::net::{SocketAddr, TcpListener, UdpSocket};


fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

fn listener_with_port() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

fn address_of(listener: &TcpListener) -> u16 {
    listener.local_addr().unwrap().port()
}

#[test]
fn hands_the_listener_on() {
    let listener = listener();
    let port = listener.local_addr().unwrap().port();
    server::serve(listener);
    client::connect(port);
}

#[test]
fn keeps_it() {
    let (listener, port) = listener_with_port();
    client::connect(port);
    assert!(address_of(&listener) == port);
}

#[test]
fn asks_the_server() {
    let server = server::start("127.0.0.1:0");
    client::connect(server.local_addr().port());
}

#[test]
fn looks_at_the_port_only() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    assert_ne!(socket.local_addr().unwrap().port(), 0);
}

#[test]
fn leases() {
    let lease = net::lease_port();
    server::listen(lease.port());
}

#[test]
fn keeps_it_in_a_struct() {
    struct Held {
        listener: TcpListener,
        port: u16,
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let held = Held { listener, port };
    client::connect(held.port);
    drop(held.listener);
}

#[test]
fn a_picker_of_colours() {
    let port = palette::pick_unused_port();
    assert_eq!(port, 1);
}

#[test]
fn asks_twice() {
    let listener = listener();
    assert_eq!(address_of(&listener), address_of(&listener));
}

#[test]
fn compares_two_ports() {
    let one = TcpListener::bind("127.0.0.1:0").unwrap();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    assert_ne!(one.local_addr().unwrap(), other.local_addr().unwrap());
}

#[test]
fn drops_a_port_that_nobody_gets() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    drop(listener);
    assert!(client::is_alone());
}

#[test]
fn shares_the_listener() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    server::serve(listener.try_clone().unwrap());
    client::connect(port);
}

#[test]
fn a_generator_of_numbers() {
    assert_eq!(numbers::random_free_port(), 1);
}
