use std::process::Command;
#[test]
fn answers() {
    let _server = Command::new("server").arg("--port").arg("x").spawn().unwrap();
    assert!(std::net::TcpStream::connect(std::env::var("ADDRESS").unwrap()).is_ok());
}
