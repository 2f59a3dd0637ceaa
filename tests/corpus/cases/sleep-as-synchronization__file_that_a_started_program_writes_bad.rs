use std::process::Command;
use std::time::Duration;

#[test]
fn writes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ready");
    let mut server = Command::new("server").arg(&file).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert!(file.exists());
    server.kill().unwrap();
    server.wait().unwrap();
}
