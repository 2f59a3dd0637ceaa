use std::process::Command;
#[test]
fn serves() {
    let mut server = Command::new("server").spawn().unwrap();
    std::thread::spawn(move || server.wait());
    assert!(std::fs::exists("Cargo.toml").unwrap());
}
