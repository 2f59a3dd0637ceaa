use std::net::{TcpListener, TcpStream};
use std::time::Duration;
fn serve(port: u16) {
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    for stream in listener.incoming() { drop(stream); }
}
#[test]
fn answers() {
    let port = 0;
    std::thread::spawn(move || serve(port));
    std::thread::sleep(Duration::from_millis(200));
    TcpStream::connect(("127.0.0.1", port)).unwrap();
}
