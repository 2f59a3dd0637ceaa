use server_kit::TestServer;

#[tokio::test]
async fn serves() {
    let server = TestServer::bind("127.0.0.1:8080").await.unwrap();
    server.stop().await;
}
