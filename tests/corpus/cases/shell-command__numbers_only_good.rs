// What is put in is a number, which the shell cannot take apart.
use std::process::Command;

#[test]
fn frames_are_counted() {
    let count: u32 = 1 << 4;
    let output = Command::new("sh").arg("-c").arg(format!("seq 1 {count} | wc -l")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "16");
}
