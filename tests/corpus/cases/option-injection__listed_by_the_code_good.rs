use std::process::Command;

const KNOWN: [&str; 2] = ["br0", "br1"];

#[test]
fn in_a_constant() {
    let device = std::env::var("DEVICE").unwrap();
    assert!(KNOWN.contains(&device.as_str()));
    Command::new("ip").args(["link", "show"]).arg(&device).status().unwrap();
}

#[test]
fn in_a_list() {
    let device = std::env::var("DEVICE").unwrap();
    if ["br0", "br1"].contains(&device.as_str()) {
        Command::new("ip").args(["link", "show"]).arg(&device).status().unwrap();
    }
}
