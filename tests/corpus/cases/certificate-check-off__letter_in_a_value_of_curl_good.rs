use std::process::Command;

#[test]
fn fetches() {
    Command::new("curl").args(["-sokeys", "-Hkey: 1", "https://www.rust-lang.org/"]).status().unwrap();
}
