use product::Server;

#[test]
fn serves() {
    let server = Server::new(0);
    server.listen().unwrap();
}
