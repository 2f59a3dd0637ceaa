use std::process::Command;

#[test]
fn starts_again() {
    let status = Command::new("sh").args(["-c", "echo 'first; then' && pkill server"]).status().unwrap();
    assert!(status.success());
}
