//! The address is written in one file and bound in another.

mod common;

#[test]
fn by_a_constant() {
    std::net::UdpSocket::bind(common::SERVER).unwrap(); //~ literal-address
}

#[test]
fn by_a_helper() {
    common::client("10.81.0.1:0"); //~ literal-address
}
