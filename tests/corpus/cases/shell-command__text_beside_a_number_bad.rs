use std::process::Command;

#[test]
fn counts() {
    let lines: u16 = std::env::args().count().try_into().unwrap();
    let file = std::env::args().next_back().unwrap();
    let output = Command::new("sh").arg("-c").arg(format!("head -n {lines} {file}")).output().unwrap();
    assert!(output.status.success());
}
