//! The guard stands in another file.

mod common;

#[test]
fn by_a_helper() {
    let _server = common::start();
    assert!(lookup());
}

#[test]
fn by_its_type() {
    let child = std::process::Command::new("server").spawn().unwrap();
    let _server = common::Server(child);
    assert!(lookup());
}
