// Written out, in a loop that ends when something answers.
use std::time::Duration;

#[test]
fn backs_off() {
    let mut pause = std::env::var("PAUSE").unwrap().parse::<u64>().unwrap().min(5);
    loop {
        if std::net::TcpStream::connect("localhost:0").is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_secs(pause));
        pause = pause.saturating_mul(3);
    }
}
