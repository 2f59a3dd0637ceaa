use std::time::Duration;
use tokio::sync::oneshot;

#[tokio::test]
async fn gets_ready() {
    let (ready, listens) = oneshot::channel();
    product::serve(ready);
    let address = tokio::time::timeout(Duration::from_secs(5), listens).await.unwrap().unwrap();
    assert!(address.ip().is_loopback());
}

#[tokio::test]
async fn passes_a_message_of_its_own() {
    let (ready, _) = oneshot::channel();
    product::serve(ready);
    let (sender, receiver) = oneshot::channel();
    tokio::spawn(async move { sender.send(1) });
    assert_eq!(receiver.await.unwrap(), 1);
}
