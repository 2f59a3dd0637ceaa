//! The tests of this file run one after the other.

use serial_test::serial;

#[test]
#[serial]
fn sets() {
    unsafe { std::env::set_var("A", "1") };
}

#[test]
#[serial]
fn removes() {
    unsafe { std::env::remove_var("A") };
}
