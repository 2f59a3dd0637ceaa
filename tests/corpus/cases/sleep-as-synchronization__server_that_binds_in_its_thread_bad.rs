//! The thread may bind later than the test connects.

use std::net::{TcpListener, TcpStream};
use std::time::Duration;

fn start(port: u16) {
    std::thread::spawn(move || TcpListener::bind(("127.0.0.1", port)).unwrap().accept().unwrap());
}

#[test]
fn connects() {
    start(port());
    std::thread::sleep(Duration::from_millis(100));
    TcpStream::connect(("127.0.0.1", port())).unwrap();
}
