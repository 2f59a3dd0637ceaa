use std::process::Command;

#[test]
fn serves() {
    let mut server = Command::new("cargo").args(["run", "--bin", "server"]).spawn().unwrap();
    let status = reqwest::blocking::Client::builder().timeout(std::time::Duration::from_secs(1)).build().unwrap().get("http://[::1]:0/").send().unwrap();
    assert!(status.status().is_success());
    server.kill().unwrap();
    server.wait().unwrap();
}
