// Three ports, each of them written once and used twice.
use std::net::{TcpListener, TcpStream};

fn start(port: u16) -> TcpListener {
    TcpListener::bind(("127.0.0.1", port)).unwrap()
}

fn connect(port: u16) -> TcpStream {
    TcpStream::connect(("127.0.0.1", port)).unwrap()
}

#[test]
fn answers() {
    let front = 9000;
    let back = 9100;
    let servers = [start(front), start(back)];
    let clients = [connect(front), connect(back)];
    assert_eq!(servers.len(), clients.len());
}
