use std::process::Command;
#[test]
fn fetches() { assert!(Command::new("curl").args(["-sSf", "-m", "5", "https://crates.io/"]).status().unwrap().success()); }
