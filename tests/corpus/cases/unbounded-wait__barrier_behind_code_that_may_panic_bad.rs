use std::net::TcpStream;
use std::sync::{Arc, Barrier};
#[test]
fn together() {
    let barrier = Arc::new(Barrier::new(2));
    let own = barrier.clone();
    let thread = std::thread::spawn(move || {
        let stream = TcpStream::connect(std::env::var("PEER").unwrap()).unwrap();
        own.wait();
        drop(stream);
    });
    barrier.wait();
    thread.join().unwrap();
}
