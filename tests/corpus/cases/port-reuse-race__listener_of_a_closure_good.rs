//! A closure binds the listener, and a thread keeps it.

use std::net::{TcpListener, TcpStream};
use std::thread;

fn start() -> u16 {
    let bind = || TcpListener::bind("127.0.0.1:0").unwrap();
    let listener = bind();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || listener.accept().unwrap());
    port
}

#[test]
fn connects() {
    TcpStream::connect(("127.0.0.1", start())).unwrap();
}
