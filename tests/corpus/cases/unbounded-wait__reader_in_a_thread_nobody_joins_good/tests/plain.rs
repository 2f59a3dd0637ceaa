use std::io::Read;
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::Duration;

#[test]
fn closes() {
    let address = chat::serve();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        sender.send(rest).unwrap();
    });
    assert!(receiver.recv_timeout(Duration::from_secs(5)).unwrap().is_empty());
}
