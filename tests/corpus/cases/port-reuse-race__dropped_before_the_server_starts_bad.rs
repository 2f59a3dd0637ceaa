use std::net::{TcpListener, UdpSocket};

#[test]
fn binds_again() {
    let probe = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = probe.local_addr().unwrap().port();
    drop(probe);
    let socket = UdpSocket::bind(("127.0.0.1", port)).unwrap();
    drop(socket);
}
