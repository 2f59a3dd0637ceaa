//! One empty test that libtest alone runs: the floor of `one.rs`.

#[test]
fn empty() {}
