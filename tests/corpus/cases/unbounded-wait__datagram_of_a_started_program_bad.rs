use std::net::UdpSocket;
use std::process::Command;

#[test]
fn announces() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port().to_string();
    let mut program = Command::new("announcer").arg("--to").arg(port).spawn().unwrap();
    let mut buffer = [0; 64];
    let received = socket.recv(&mut buffer);
    program.kill().unwrap();
    program.wait().unwrap();
    received.unwrap();
}
