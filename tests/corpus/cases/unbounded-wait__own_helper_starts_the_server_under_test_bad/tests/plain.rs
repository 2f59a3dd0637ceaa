// A helper of the test starts the server under test, which is no server of the test.
use std::io::Read;
use std::net::{SocketAddr, TcpStream};

use chat::Server;

fn start() -> SocketAddr {
    let server = Server::bind().unwrap();
    let address = server.address();
    std::thread::spawn(move || server.run());
    address
}

#[test]
fn closes() {
    let mut stream = TcpStream::connect(start()).unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty());
}
