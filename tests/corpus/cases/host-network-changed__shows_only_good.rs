use std::process::Command;
#[test]
fn shows() { assert!(Command::new("tc").args(["qdisc", "show"]).status().unwrap().success()); }
