use product::Server;
use std::sync::mpsc;

#[test]
fn gets_ready() {
    let (ready, port) = mpsc::channel();
    let server = Server::new(ready);
    server.start();
    assert_ne!(port.recv().unwrap(), 0);
}
