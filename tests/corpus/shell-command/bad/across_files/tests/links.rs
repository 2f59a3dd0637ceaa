//! The callers of a helper whose parameter ends in a shell: the helper is reported, once.

mod common;

#[test]
fn by_a_function() {
    common::sh(&format!("ip link del {}", device())); //~ host-network-changed
}

#[test]
fn by_a_function_with_a_fixed_text() {
    common::sh("ip link show lo");
}

#[test]
fn by_a_method() {
    let node = common::Node { namespace: namespace() };
    assert!(node.run(&format!("ping -c 1 {}", peer())));
}
