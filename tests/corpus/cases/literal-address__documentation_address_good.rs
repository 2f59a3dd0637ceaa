use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
#[test]
fn refuses() {
    let address: SocketAddr = "198.51.100.7:9".parse().unwrap();
    assert!(TcpStream::connect_timeout(&address, Duration::from_millis(10)).is_err());
}
