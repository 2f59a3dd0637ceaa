use std::process::Command;

#[test]
fn stores() {
    let name = format!("store-{}", uuid::Uuid::new_v4());
    let started = Command::new("docker").args(["run", "--detach", "--name", &name, "redis:7"]).status();
    assert!(started.unwrap().success());
}
