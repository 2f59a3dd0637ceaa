// The loop binds the next port if one is taken.
use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

static NEXT: AtomicU16 = AtomicU16::new(20_000);

#[test]
fn listens() {
    let listener = loop {
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", NEXT.fetch_add(1, Ordering::Relaxed))) {
            break listener;
        }
    };
    assert!(listener.local_addr().is_ok());
}
