use std::{net::TcpStream, thread, time::{Duration, Instant}};

#[test]
fn listens() {
    let start = Instant::now();
    let mut times = Vec::new();
    loop {
        if TcpStream::connect("127.0.0.1:0").is_ok() {
            break;
        }
        times.push(start.elapsed());
        thread::sleep(Duration::from_millis(50));
    }
}
