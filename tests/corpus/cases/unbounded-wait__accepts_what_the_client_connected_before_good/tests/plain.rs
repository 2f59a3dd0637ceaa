// The client has connected, so its connection is in the queue of the listener before `accept`.
use std::net::TcpListener;

use chat::Client;

#[test]
fn connects() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = Client::open(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    drop((stream, client));
}

fn take(listener: &TcpListener) -> std::net::TcpStream {
    listener.accept().unwrap().0
}

#[test]
fn connects_before_the_helper() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = Client::open(listener.local_addr().unwrap()).unwrap();
    drop((take(&listener), client));
}
