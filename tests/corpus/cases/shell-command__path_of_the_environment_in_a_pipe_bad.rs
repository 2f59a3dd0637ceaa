use std::process::Command;
#[test]
fn counts() {
    let log = std::env::var("LOG").unwrap();
    let text = format!("cat {log} | wc -l");
    assert!(Command::new("/bin/bash").args(["-e", "-c", &text]).status().unwrap().success());
}
