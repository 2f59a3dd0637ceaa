use product::Client;

#[tokio::test]
async fn asks() {
    let client = Client::default();
    assert!(!client.zen().await.unwrap().is_empty());
}
