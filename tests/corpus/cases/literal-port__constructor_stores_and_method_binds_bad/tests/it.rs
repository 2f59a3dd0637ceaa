use product::Server;

#[test]
fn serves() {
    let server = Server::new(8080);
    server.listen().unwrap();
}
