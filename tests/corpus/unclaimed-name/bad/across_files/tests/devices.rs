//! The name is made in one file and created by another.

mod common;

#[test]
fn random() {
    common::add(&common::random_device("tap")); //~ unclaimed-name
}

#[test]
fn fixed() {
    common::add("tap0"); //~ unclaimed-name
}
