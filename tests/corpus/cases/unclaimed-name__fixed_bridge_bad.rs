use std::process::Command;
#[test]
fn adds() { Command::new("ip").args(["netns", "add", "lab0"]).status().unwrap(); }
