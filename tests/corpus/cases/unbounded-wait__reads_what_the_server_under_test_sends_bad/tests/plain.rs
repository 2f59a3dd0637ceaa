// The server under test closes the connection; if it stops closing, the test waits for ever.
use std::io::Read;
use std::net::TcpStream;

use chat::Server;

#[test]
fn closes() {
    let server = Server::bind().unwrap();
    let address = server.address();
    std::thread::spawn(move || server.run());
    let mut stream = TcpStream::connect(address).unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty());
}
