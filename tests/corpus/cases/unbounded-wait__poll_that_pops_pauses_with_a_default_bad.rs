use std::{net::TcpStream, thread, time::Duration};

#[test]
fn listens() {
    let mut pauses = vec![Duration::from_millis(1), Duration::from_millis(10)];
    while TcpStream::connect("127.0.0.1:0").is_err() {
        thread::sleep(pauses.pop().unwrap_or(Duration::from_millis(100)));
    }
}
