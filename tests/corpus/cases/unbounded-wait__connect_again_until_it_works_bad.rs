use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

#[test]
fn serves() {
    let mut server = Command::new("server").spawn().unwrap();
    let _stream = loop {
        match TcpStream::connect("127.0.0.1:0") {
            Ok(stream) => break stream,
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    server.kill().unwrap();
    server.wait().unwrap();
}
