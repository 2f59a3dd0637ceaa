use std::sync::Arc;
use tokio::sync::Notify;

#[tokio::test]
async fn gets_ready() {
    let ready = Arc::new(Notify::new());
    product::serve(ready.clone());
    ready.notified().await;
}
