use std::net::UdpSocket;

use netns_fixtures::prelude::*;

#[test]
fn binds() {
    let lab = Lab::new(&plan(), deadline());
    UdpSocket::bind("10.2.0.1:0").unwrap();
    drop(lab);
}
