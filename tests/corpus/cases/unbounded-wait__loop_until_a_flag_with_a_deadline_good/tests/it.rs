use product::Server;
use std::time::{Duration, Instant};

#[test]
fn gets_ready() {
    let server = Server::start();
    let start = Instant::now();
    while !server.is_ready() {
        assert!(start.elapsed() < Duration::from_secs(5));
        std::thread::sleep(Duration::from_millis(10));
    }
}
