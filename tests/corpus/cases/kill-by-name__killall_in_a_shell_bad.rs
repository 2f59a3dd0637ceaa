use std::process::Command;
#[test]
fn cleans() { Command::new("sh").args(["-c", "killall server; true"]).status().unwrap(); }
