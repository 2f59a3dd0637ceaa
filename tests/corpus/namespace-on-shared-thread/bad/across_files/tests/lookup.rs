//! Another file's helper enters.

mod common;

#[test]
fn by_a_helper() {
    common::isolate();
    assert!(lookup().is_ok());
}
