use std::net::TcpListener;
fn bound() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}
#[test]
fn serves() { let (_listener, port) = bound(); assert!(port > 0); }
