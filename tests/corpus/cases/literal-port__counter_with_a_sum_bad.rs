// The counter starts at zero, and the sum is a port.
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};

fn port() -> u16 {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    COUNT.fetch_add(1, Ordering::SeqCst) as u16 + 13_038
}

fn listen(port: u16) -> TcpListener {
    TcpListener::bind(("127.0.0.1", port)).unwrap()
}

#[test]
fn listens() {
    assert!(listen(port()).local_addr().is_ok());
}
