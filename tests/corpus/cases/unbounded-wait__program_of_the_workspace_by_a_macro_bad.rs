use assert_cmd::cargo::cargo_bin;
use std::process::Command;

#[test]
fn prints_its_help() {
    let output = Command::new(cargo_bin!("server")).arg("--follow").output().unwrap();
    assert!(output.status.success());
}
