use product::{Config, Server};

#[test]
fn serves() {
    let server = Server::new(Config::default());
    let listener = server.start().unwrap();
    assert!(listener.local_addr().is_ok());
}
