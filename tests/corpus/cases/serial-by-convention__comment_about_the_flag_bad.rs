//! These tests need `cargo test -- --test-threads=1`.
#[test]
fn one() { assert_eq!(1 + 1, 2); }
