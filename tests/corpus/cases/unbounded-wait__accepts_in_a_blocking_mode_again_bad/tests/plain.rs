// `set_nonblocking(false)` sets no limit.
use std::net::TcpListener;

use chat::Client;

#[test]
fn connects() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(false).unwrap();
    let address = listener.local_addr().unwrap();
    let client = std::thread::spawn(move || Client::open(address));
    let (stream, _) = listener.accept().unwrap();
    drop((stream, client));
}
