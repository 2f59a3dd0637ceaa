use product::Builder;
use std::net::SocketAddr;

#[test]
fn serves() {
    let address: SocketAddr = "127.0.0.1:4001".parse().unwrap();
    Builder::default().bind(address).unwrap();
}
