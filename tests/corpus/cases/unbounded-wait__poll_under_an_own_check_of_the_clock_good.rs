use std::{net::TcpStream, thread, time::{Duration, Instant}};

fn check(start: Instant) {
    assert!(start.elapsed() < Duration::from_secs(5), "nobody listens");
}

#[test]
fn listens() {
    let start = Instant::now();
    loop {
        if TcpStream::connect("127.0.0.1:0").is_ok() {
            break;
        }
        check(start);
        thread::sleep(Duration::from_millis(50));
    }
}
