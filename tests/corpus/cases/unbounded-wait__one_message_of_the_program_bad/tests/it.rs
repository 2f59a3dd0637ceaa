use tokio::sync::oneshot;

#[tokio::test]
async fn gets_ready() {
    let (ready, listens) = oneshot::channel();
    product::serve(ready);
    assert!(listens.await.unwrap().ip().is_loopback());
}
