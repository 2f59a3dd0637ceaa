use std::process::Command;

#[test]
fn prints_its_help() {
    let output = Command::new(path!("echo")).arg("--help").output().unwrap();
    assert!(output.status.success());
}
