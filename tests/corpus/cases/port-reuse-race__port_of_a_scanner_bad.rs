use port_scanner::request_open_port;

#[test]
fn listens() {
    let port = request_open_port().unwrap_or(8000);
    assert!(port > 0);
}
