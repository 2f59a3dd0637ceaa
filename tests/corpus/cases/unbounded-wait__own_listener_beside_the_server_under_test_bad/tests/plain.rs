// The test has a listener, too, but reads from the server under test.
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use chat::Server;

#[test]
fn closes() {
    let server = Server::bind().unwrap();
    let address = server.address();
    std::thread::spawn(move || server.run());
    let own = TcpListener::bind("127.0.0.1:0").unwrap();
    std::thread::spawn(move || own.accept().unwrap().0.write_all(b"x").unwrap());
    let mut stream = TcpStream::connect(address).unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
}
