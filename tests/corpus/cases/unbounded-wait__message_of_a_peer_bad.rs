//! The peer may lose the message, and the connection stays open.

#[tokio::test]
async fn greets() {
    let mut client = Client::connect(address()).await.unwrap();
    assert_eq!(client.recv().await.unwrap(), "hello");
}
