use std::net::{TcpListener, TcpStream};
use std::time::Duration;

#[test]
fn answers() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || product::serve(listener));
    std::thread::sleep(Duration::from_millis(50));
    TcpStream::connect_timeout(&address, Duration::from_secs(5)).unwrap();
}
