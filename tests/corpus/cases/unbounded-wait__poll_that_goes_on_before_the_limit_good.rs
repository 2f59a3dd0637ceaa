use std::{net::TcpStream, thread, time::{Duration, Instant}};

fn fail(what: &str) -> ! {
    panic!("{what}")
}

#[test]
fn listens() {
    let limit = Instant::now() + Duration::from_secs(5);
    loop {
        if TcpStream::connect("127.0.0.1:0").is_ok() {
            return;
        }
        if Instant::now() < limit {
            thread::sleep(Duration::from_millis(50));
        } else {
            fail("nobody listens");
        }
    }
}
