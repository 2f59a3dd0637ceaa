use product::Node;

#[tokio::test]
async fn reports() {
    let node = Node::start("127.0.0.1:0").await;
    let mut events = node.subscribe();
    assert_eq!(events.recv().await.unwrap(), 1);
}
