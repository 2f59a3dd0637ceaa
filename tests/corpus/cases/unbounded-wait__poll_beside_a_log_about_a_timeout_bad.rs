use std::{net::TcpStream, thread, time::Duration};

fn log_timeout(tries: u32) {
    println!("timeout {tries} is not over yet");
}

#[test]
fn listens() {
    loop {
        if TcpStream::connect("127.0.0.1:0").is_ok() {
            break;
        }
        log_timeout(1);
        thread::sleep(Duration::from_millis(50));
    }
}
