//! Started by another file.

mod common;

#[test]
fn by_a_helper() {
    common::start("server");
}
