use product::Client;

#[tokio::test]
async fn asks(server: String) {
    let client = Client::new(&server);
    assert!(!client.zen().await.unwrap().is_empty());
}
