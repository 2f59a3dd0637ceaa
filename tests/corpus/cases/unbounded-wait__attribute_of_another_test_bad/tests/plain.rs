// The limit of one test is none for the others.
use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

use chat::Server;

#[rstest::rstest]
#[timeout(Duration::from_secs(1))]
fn starts() {
    Server::bind().unwrap();
}

#[test]
fn closes() {
    let server = Server::bind().unwrap();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    std::thread::spawn(move || server.run());
    stream.read_to_end(&mut Vec::new()).unwrap();
}
