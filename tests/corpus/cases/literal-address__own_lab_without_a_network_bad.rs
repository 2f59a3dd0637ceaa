use std::net::UdpSocket;

use chemistry::Lab;

#[test]
fn binds() {
    let lab = Lab::new();
    UdpSocket::bind("10.2.0.1:0").unwrap();
    drop(lab);
}
