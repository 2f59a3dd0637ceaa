use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

#[test]
fn reads_the_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut question = [0; 4];
        stream.read_exact(&mut question).unwrap();
        stream.write_all(b"10").unwrap();
        question
    });
    let answer = clock::ask(address);
    assert_eq!(&server.join().unwrap(), b"time");
    assert_eq!(&answer.unwrap(), b"10");
}
