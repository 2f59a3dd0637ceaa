// The attribute ends the test after a second.
use std::io::Read;
use std::net::TcpStream;

use chat::Server;

#[ntest_timeout::timeout(1000)]
#[test]
fn closes() {
    let server = Server::bind().unwrap();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    std::thread::spawn(move || server.run());
    stream.read_to_end(&mut Vec::new()).unwrap();
}
