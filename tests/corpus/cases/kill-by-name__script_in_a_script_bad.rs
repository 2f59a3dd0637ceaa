use std::process::Command;

#[test]
fn ends_the_server() {
    let status = Command::new("sh").args(["-c", "trap 'pkill -f server' EXIT; server & sleep 1"]).status().unwrap();
    assert!(status.success());
}
