use std::process::Command;
#[test]
fn serves() {
    let mut server = Command::new("server").spawn().unwrap();
    let waiter = std::thread::spawn(move || server.wait().unwrap());
    assert!(waiter.join().unwrap().success());
}
