use std::process::Command;

pub fn run(line: &str) {
    Command::new("sh").arg("-c").arg(line).status().unwrap();
}
