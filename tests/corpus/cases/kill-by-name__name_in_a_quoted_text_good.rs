use std::process::Command;

#[test]
fn prints_a_remedy() {
    let status = Command::new("sh").args(["-c", "echo 'server is still there; pkill server'"]).status().unwrap();
    assert!(status.success());
}

#[test]
fn searches_a_log() {
    let status = Command::new("sh").args(["-c", "grep -c \"started | killall server (all)\" run.log"]).status().unwrap();
    assert!(status.success());
}
