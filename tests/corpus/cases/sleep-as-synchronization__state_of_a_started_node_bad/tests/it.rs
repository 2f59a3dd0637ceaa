use product::Node;
use std::time::Duration;

#[tokio::test]
async fn counts() {
    let node = Node::start().await;
    node.add(1);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(node.count(), 1);
}
