use std::process::Command;
#[test]
fn starts() {
    assert!(Command::new("docker").args(["run", "-d", "--name", "test-redis", "redis"]).status().unwrap().success());
}
