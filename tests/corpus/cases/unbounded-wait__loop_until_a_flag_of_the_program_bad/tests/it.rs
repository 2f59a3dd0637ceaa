use product::Server;
use std::time::Duration;

#[test]
fn gets_ready() {
    let server = Server::start();
    while !server.is_ready() {
        std::thread::sleep(Duration::from_millis(10));
    }
}
