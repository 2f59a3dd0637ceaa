//! Read in one file, given to a program by another function.

mod common;

#[test]
fn reaches_the_target() {
    assert!(common::ping(&common::target())); //~ option-injection
}
