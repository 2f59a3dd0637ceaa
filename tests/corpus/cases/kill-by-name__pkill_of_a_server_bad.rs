use std::process::Command;
#[test]
fn cleans() { let _ = Command::new("pkill").args(["-9", "-x", "server"]).status(); }
