use std::process::Command;
#[test]
fn answers() {
    let mut server = Command::new("server").spawn().unwrap();
    assert!(std::net::TcpStream::connect(std::env::var("ADDRESS").unwrap()).is_ok());
    server.kill().unwrap();
    server.wait().unwrap();
}
