use std::{net::TcpStream, thread, time::Duration};

#[test]
fn listens() {
    let mut tries = 0;
    while TcpStream::connect("127.0.0.1:0").is_err() {
        tries += 1;
        if tries % 10 == 0 {
            println!("still nobody");
        }
        thread::sleep(Duration::from_millis(50));
    }
}
