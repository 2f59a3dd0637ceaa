use std::process::Command;

#[test]
fn ends_orphans() {
    Command::new("pkill").args(["-P", "1", "server"]).status().unwrap();
}
