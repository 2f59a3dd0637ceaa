use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;
#[test]
fn listens() {
    let address = std::env::var("ADDRESS").unwrap();
    let mut server = Command::new("server").arg("--listen").arg("here").spawn().unwrap();
    std::thread::sleep(Duration::from_secs(1));
    let connected = TcpStream::connect(address);
    server.kill().unwrap();
    server.wait().unwrap();
    connected.unwrap();
}
