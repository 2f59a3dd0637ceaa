use std::process::Command;

#[test]
fn ends_the_server() {
    let status = Command::new("sh").args(["-c", "kill \"$(pidof server)\""]).status().unwrap();
    assert!(status.success());
}
