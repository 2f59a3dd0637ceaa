// The kernel has accepted the connection before `connect` returns, so `accept` does not wait.
use std::net::{TcpListener, TcpStream};

#[test]
fn has_connected() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    drop((client, server));
}
