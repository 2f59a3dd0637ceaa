//! A network test without requirements on its machine: no root, no free port, no clean-up.
//!
//! Copy the file into the `tests` folder of your package. Here, `cargo test -p netns-tests --test examples loopback` runs
//! it.

use std::io::ErrorKind;
use std::net::{TcpStream, UdpSocket};

use netns_fixtures::prelude::*;

/// Port 53 is free in every test, also in the test below that runs at the same time, and needs no root.
#[netns_test]
fn a_datagram_crosses_loopback() -> TestResult {
    let server = UdpSocket::bind("127.0.0.1:53")?;
    let client = UdpSocket::bind("127.0.0.1:0")?;
    client.send_to(b"who is there?", server.local_addr()?)?;

    let mut datagram = [0; 64];
    let (length, from) = server.recv_from(&mut datagram)?;
    assert_eq!(&datagram[..length], b"who is there?");
    assert_eq!(from, client.local_addr()?);
    Ok(())
}

/// The test has its own network without a way out, so it cannot depend on other machines.
#[netns_test]
fn the_machines_network_is_out_of_reach() -> TestResult {
    let _server = UdpSocket::bind("127.0.0.1:53")?;
    // An address for documentation, RFC 5737; without a route, nothing is even sent.
    let refused = TcpStream::connect("192.0.2.1:80").map(drop).map_err(|error| error.kind());
    assert_eq!(refused, Err(ErrorKind::NetworkUnreachable));
    Ok(())
}
