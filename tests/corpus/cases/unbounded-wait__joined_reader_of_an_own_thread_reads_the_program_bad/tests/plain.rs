use std::io::Read;
use std::net::TcpStream;

#[test]
fn closes() {
    let address = chat::serve();
    let reader = std::thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        rest
    });
    assert!(reader.join().unwrap().is_empty());
}
