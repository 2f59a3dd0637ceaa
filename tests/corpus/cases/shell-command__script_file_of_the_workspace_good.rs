use std::process::Command;
#[test]
fn runs() {
    assert!(Command::new("sh").arg("tests/setup.sh").status().unwrap().success());
}
