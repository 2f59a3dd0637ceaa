use std::net::{TcpListener, TcpStream};

#[test]
fn is_refused() {
    let probe = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = probe.local_addr().unwrap().port();
    drop(probe);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}
