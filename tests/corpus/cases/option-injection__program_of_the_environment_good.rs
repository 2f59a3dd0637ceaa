use std::process::Command;
#[test]
fn starts() {
    let program = std::env::var("TOOL").unwrap();
    Command::new(program).arg("--version").status().unwrap();
}
