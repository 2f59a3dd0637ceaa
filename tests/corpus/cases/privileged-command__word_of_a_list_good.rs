use std::process::Command;

#[test]
fn finds_the_programs() {
    let script = "for program in ip \\\n    sudo su; do command -v $program; done";
    assert!(Command::new("sh").arg("-c").arg(script).status().unwrap().success());
}
