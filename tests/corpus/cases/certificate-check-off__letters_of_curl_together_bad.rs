use std::process::Command;

#[test]
fn fetches() {
    Command::new("curl").args(["-sk", "https://www.rust-lang.org/"]).status().unwrap();
}
