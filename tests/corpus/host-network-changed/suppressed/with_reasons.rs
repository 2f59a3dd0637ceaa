//! Accepted, with the reason.

#[test]
fn above() {
    // netns-lint: allow(host-network-changed) runs only in a virtual machine that is thrown away
    let status = std::process::Command::new("ip").args(["link", "set", "lo", "up"]).status(); //~ host-network-changed
    assert!(status.unwrap().success());
}
