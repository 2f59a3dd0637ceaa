use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

fn background(address: SocketAddr) -> thread::JoinHandle<()> {
    thread::spawn(move || product::serve(address))
}

fn pause() {
    thread::sleep(Duration::from_millis(200));
}

#[test]
fn serves() {
    let address = "127.0.0.1:0".parse().unwrap();
    let _server = background(address);
    pause();
    TcpStream::connect(address).unwrap();
}
