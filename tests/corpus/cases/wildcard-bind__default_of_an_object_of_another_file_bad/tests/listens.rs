use relay::Server;

#[tokio::test]
async fn listens() {
    tokio::spawn(Server::new("one").listen());
}
