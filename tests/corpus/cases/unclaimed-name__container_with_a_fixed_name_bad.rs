use std::process::Command;

#[test]
fn stores() {
    let started = Command::new("docker").args(["run", "--detach", "--name", "store-under-test", "redis:7"]).status();
    assert!(started.unwrap().success());
}
