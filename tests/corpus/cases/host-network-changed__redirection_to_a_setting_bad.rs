use std::process::Command;

#[test]
fn forwards() {
    let status = Command::new("sh").args(["-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]).status().unwrap();
    assert!(status.success());
}
