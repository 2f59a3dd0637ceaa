// The server stores its port before anybody reads the static.
use std::net::{TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

static PORT: AtomicU16 = AtomicU16::new(9000);

#[test]
fn listens() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    PORT.store(listener.local_addr().unwrap().port(), Ordering::SeqCst);
    let socket = UdpSocket::bind(("127.0.0.1", PORT.load(Ordering::SeqCst)));
    assert!(socket.is_ok());
}
