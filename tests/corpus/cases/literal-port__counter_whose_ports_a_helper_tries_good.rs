// The helper returns a port that it has bound, so a second run gets others.
use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

static NEXT: AtomicU16 = AtomicU16::new(20_000);

fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

fn free_port() -> u16 {
    let port = NEXT.fetch_add(1, Ordering::Relaxed);
    if is_free(port) { port } else { free_port() }
}

#[test]
fn listens() {
    let listener = TcpListener::bind(("127.0.0.1", free_port()));
    assert!(listener.is_ok());
}
