use std::process::Command;

#[test]
fn explains_itself() {
    let status = Command::new("sh").args(["-c", "printf '%s\\n' 'usage: run; ip link set eth0 up'"]).status().unwrap();
    assert!(status.success());
}
