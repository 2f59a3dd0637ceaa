use std::process::Command;

pub fn reset(device: &str) {
    let line = format!("ip addr flush dev {device}");
    Command::new("sh").arg("-c").arg(line).status().unwrap();
}
