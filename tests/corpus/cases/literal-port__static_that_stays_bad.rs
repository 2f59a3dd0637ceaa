// A static that nothing changes is a constant.
use std::net::TcpListener;

static PORT: u16 = 31_000;

#[test]
fn listens() {
    assert!(TcpListener::bind(("127.0.0.1", PORT)).is_ok());
}
