use std::{net::TcpStream, thread, time::Duration};

#[test]
fn listens() {
    let mut answers = false;
    while answers != true {
        answers = TcpStream::connect("127.0.0.1:0").is_ok();
        thread::sleep(Duration::from_millis(50));
    }
}
