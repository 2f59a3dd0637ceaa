// Ports that a client asks for are not bound here, and a counter of messages is not a port.
use std::net::UdpSocket;
use std::sync::atomic::{AtomicU16, Ordering};

static NEXT: AtomicU16 = AtomicU16::new(1);

#[test]
fn sends() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    assert!(socket.local_addr().is_ok());
    assert_eq!(number, 1);
}
