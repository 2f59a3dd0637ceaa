//! The callers of a helper whose parameter ends in a shell.

mod common;

#[test]
fn by_a_function() {
    common::sh(&format!("ip link del {}", device())); //~ shell-command
}

#[test]
fn by_a_function_with_a_fixed_text() {
    common::sh("ip link show lo"); //~ pedantic: shell-command
}

#[test]
fn by_a_method() {
    let node = common::Node { namespace: namespace() };
    assert!(node.run(&format!("ping -c 1 {}", peer()))); //~ shell-command
}
