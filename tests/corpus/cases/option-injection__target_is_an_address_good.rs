use std::net::IpAddr;
use std::process::Command;
#[test]
fn reaches() {
    let target: IpAddr = std::env::var("TARGET").unwrap().parse().unwrap();
    assert!(Command::new("ping").args(["-c", "1"]).arg(target.to_string()).status().unwrap().success());
}
