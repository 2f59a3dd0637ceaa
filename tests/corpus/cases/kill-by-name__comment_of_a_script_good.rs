use std::process::Command;

const SCRIPT: &str = "
# pkill server; killall server
wait_for server # not: pkill server
";

#[test]
fn waits() {
    assert!(Command::new("sh").arg("-c").arg(SCRIPT).status().unwrap().success());
}
