// The kernel chooses both ports.
use std::net::TcpListener;

fn start(port: u16) -> TcpListener {
    TcpListener::bind(("127.0.0.1", port)).unwrap()
}

#[test]
fn answers() {
    let any = 0;
    let servers = [start(any), start(any)];
    assert_eq!(servers.len(), 2);
}
