#[tokio::test]
async fn connects() {
    let client = client::Client::new("127.0.0.1:9");
    client.connect().await;
    assert!(!client.is_ready());
}
