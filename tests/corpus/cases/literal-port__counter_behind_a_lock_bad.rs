// Every run counts from the same port, so two runs at once take the same ones.
use std::net::UdpSocket;
use std::sync::Mutex;

static NEXT: Mutex<u16> = Mutex::new(31_000);

fn next() -> u16 {
    let mut next = NEXT.lock().unwrap();
    *next += 1;
    *next
}

#[test]
fn binds() {
    assert!(UdpSocket::bind(format!("127.0.0.1:{}", next())).is_ok());
}
