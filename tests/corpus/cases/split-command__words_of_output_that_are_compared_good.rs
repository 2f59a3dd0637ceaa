use std::process::Command;
#[test]
fn shows() {
    let output = Command::new("uname").arg("-a").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.split_whitespace().next(), Some("Linux"));
}
