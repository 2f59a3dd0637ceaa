//! The connection waits in the queue of the listener.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

fn start() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || listener.accept().unwrap());
    address
}

#[test]
fn connects() {
    let address = start();
    std::thread::sleep(Duration::from_millis(100));
    TcpStream::connect(address).unwrap();
}
