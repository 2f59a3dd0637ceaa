//! The test is about a port on which nobody listens.
use std::net::{TcpListener, TcpStream};

#[test]
fn is_refused() {
    let probe = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = probe.local_addr().unwrap();
    drop(probe);
    assert!(TcpStream::connect(address).is_err());
}
