use std::process::Command;
#[test]
fn counts() {
    let log = std::env::var("LOG").unwrap();
    assert!(Command::new("sh").args(["-c", "wc -l < \"$1\"", "sh"]).arg(log).status().unwrap().success());
}
