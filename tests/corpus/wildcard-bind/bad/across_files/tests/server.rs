//! The address is written in one file and bound in another.

mod common;

#[test]
fn by_a_constant() {
    std::net::TcpListener::bind((common::HOST, 0)).unwrap(); //~ wildcard-bind
}
