use std::process::Command;

pub fn add_bridge() {
    let status = Command::new("sudo").args(["ip", "link", "add", "br-e2e", "type", "bridge"]).status().unwrap();
    assert!(status.success());
}
