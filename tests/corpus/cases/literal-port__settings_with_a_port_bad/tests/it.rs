use product::{Server, Settings};

#[tokio::test]
async fn serves() {
    let server = Server::new(Settings { port: 9411, threads: 1 });
    tokio::spawn(server.run());
}
