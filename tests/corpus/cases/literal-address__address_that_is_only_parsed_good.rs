#[test]
fn parses() {
    let address: std::net::SocketAddr = "192.168.1.1:161".parse().unwrap();
    assert_eq!(address.port(), 161);
}
