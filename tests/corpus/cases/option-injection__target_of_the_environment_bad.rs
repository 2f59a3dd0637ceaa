use std::process::Command;
#[test]
fn reaches() {
    let target = std::env::var("TARGET").unwrap();
    assert!(Command::new("ping").args(["-c", "1"]).arg(&target).status().unwrap().success());
}
