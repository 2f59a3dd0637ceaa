//! The path is made in one file and written in another.

mod common;

#[test]
fn by_a_helper() {
    std::fs::write(common::scratch("a"), "x").unwrap(); //~ temp-path
}

#[test]
fn by_a_constant() {
    std::os::unix::net::UnixListener::bind(common::SOCKET).unwrap(); //~ temp-path
}
