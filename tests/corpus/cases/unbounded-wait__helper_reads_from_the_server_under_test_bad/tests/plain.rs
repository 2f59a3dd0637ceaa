// The helper gets a connection to the server under test.
use std::io::Read;
use std::net::TcpStream;

use chat::Server;

fn expect_end(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty());
}

#[test]
fn closes() {
    let server = Server::bind().unwrap();
    let address = server.address();
    std::thread::spawn(move || server.run());
    let mut stream = TcpStream::connect(address).unwrap();
    expect_end(&mut stream);
}
