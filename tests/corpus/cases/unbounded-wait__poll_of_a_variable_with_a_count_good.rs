use std::{net::TcpStream, thread, time::Duration};

#[test]
fn listens() {
    let (mut answers, mut tries) = (false, 0);
    while answers != true && tries < 50 {
        answers = TcpStream::connect("127.0.0.1:0").is_ok();
        tries += 1;
        thread::sleep(Duration::from_millis(50));
    }
}
