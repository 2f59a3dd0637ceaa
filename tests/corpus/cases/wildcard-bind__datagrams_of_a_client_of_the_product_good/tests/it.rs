use std::net::{Ipv4Addr, SocketAddr};

use case::Names;

#[test]
fn asks() {
    Names::client(SocketAddr::new(Ipv4Addr::new(0, 0, 0, 0).into(), 0)).ask();
}
