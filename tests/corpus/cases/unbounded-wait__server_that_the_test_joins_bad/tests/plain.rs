use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::thread;

#[test]
fn gets_all() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || product::serve(listener));
    TcpStream::connect(address).unwrap().write_all(b"x").unwrap();
    assert_eq!(server.join().unwrap(), b"x");
}
