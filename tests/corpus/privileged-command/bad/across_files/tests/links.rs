//! The program is given to a runner of another file.

mod common;

#[test]
fn by_a_runner() {
    assert!(common::run("sudo", &["ip", "link", "del", &device()])); //~ privileged-command, host-network-changed
}

#[test]
fn by_a_constant_of_another_file() {
    assert!(common::run(common::HELPER, &["true"])); //~ privileged-command
}
