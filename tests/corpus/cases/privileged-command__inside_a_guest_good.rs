use std::process::Command;
#[test]
fn guest() { Command::new("ssh").args(["guest.test", "sudo", "true"]).status().unwrap(); }
