use port_scanner::scan_port;

#[test]
fn listens() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    assert!(scan_port(server.local_addr().unwrap().port()));
}
