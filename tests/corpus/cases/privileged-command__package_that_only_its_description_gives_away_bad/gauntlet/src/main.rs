use std::process::Command;

fn main() {
    Command::new("sudo").args(["ip", "link", "set", "lo", "up"]).status().unwrap();
}
