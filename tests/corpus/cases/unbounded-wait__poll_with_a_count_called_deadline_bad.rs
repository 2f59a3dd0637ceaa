use std::{net::TcpStream, thread, time::Duration};

#[test]
fn listens() {
    let mut deadline_missed = 0;
    loop {
        if TcpStream::connect("127.0.0.1:0").is_ok() {
            break;
        }
        deadline_missed += 1;
        metrics::gauge!("missed", deadline_missed);
        thread::sleep(Duration::from_millis(50));
    }
}
