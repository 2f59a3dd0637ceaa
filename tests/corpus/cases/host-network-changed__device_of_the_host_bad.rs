use std::process::Command;
#[test]
fn adds() {
    let name = std::env::var("DEVICE").unwrap();
    assert!(Command::new("ip").args(["tuntap", "add", "mode", "tap", "dev"]).arg(format!("x{name}")).status().unwrap().success());
}
