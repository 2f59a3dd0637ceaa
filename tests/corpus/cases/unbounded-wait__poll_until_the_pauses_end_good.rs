use std::{net::TcpStream, thread, time::Duration};

#[test]
fn listens() {
    let mut pauses = vec![Duration::from_millis(1), Duration::from_millis(10)].into_iter();
    while TcpStream::connect("127.0.0.1:0").is_err() {
        let Some(pause) = pauses.next() else { panic!("nobody listens") };
        thread::sleep(pause);
    }
}
