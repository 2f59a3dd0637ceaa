use std::net::SocketAddr;
#[test]
fn shows() {
    let address: SocketAddr = "127.0.0.1:8080".parse().unwrap();
    assert_eq!(address.to_string(), format!("{}:{}", "127.0.0.1", 8080));
}
