use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};
#[test]
fn listens() {
    let address = std::env::var("ADDRESS").unwrap();
    let mut server = Command::new("server").spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(5);
    let mut connected = false;
    while !connected && Instant::now() < end {
        connected = TcpStream::connect(&address).is_ok();
        std::thread::sleep(Duration::from_millis(20));
    }
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(connected);
}
