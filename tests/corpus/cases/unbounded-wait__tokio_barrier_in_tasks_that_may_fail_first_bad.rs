use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::Barrier;
#[tokio::test]
async fn together() {
    let barrier = Arc::new(Barrier::new(2));
    let own = barrier.clone();
    let task = tokio::spawn(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        own.wait().await;
        drop(listener);
    });
    barrier.wait().await;
    task.await.unwrap();
}
