// The address is taken out of another constant.
use std::net::{SocketAddr, TcpStream};

#[test]
fn connects() {
    let server: SocketAddr = "10.20.30.40:80".parse().unwrap();
    assert!(TcpStream::connect((server.ip(), 8080)).is_err());
}
