// The helper lets the listener not block.
use std::net::TcpListener;

use chat::Client;

fn local() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    listener
}

#[test]
fn connects() {
    let listener = local();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || Client::open(address));
    for _ in 0..1000 {
        if listener.accept().is_ok() {
            return;
        }
        std::thread::yield_now();
    }
    panic!("no connection");
}
