mod server;

#[test]
fn answers() {
    let server = server::start();
    assert!(server.answers());
}
