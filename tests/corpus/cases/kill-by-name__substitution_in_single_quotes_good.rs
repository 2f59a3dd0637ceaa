use std::process::Command;

#[test]
fn shows_the_line() {
    let status = Command::new("sh").args(["-c", "echo 'kill $(pidof server)' 'or `killall server`'"]).status().unwrap();
    assert!(status.success());
}
