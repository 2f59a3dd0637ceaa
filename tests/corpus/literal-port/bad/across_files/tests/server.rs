//! The port is written in one file and bound in another.

mod common;

#[test]
fn by_a_helper() {
    common::listen(4101); //~ literal-port
}

#[test]
fn by_a_constant() {
    std::net::TcpListener::bind(("127.0.0.1", common::PORT)).unwrap(); //~ literal-port
}
