use std::sync::Arc;
use tokio::sync::Notify;

pub fn serve(ready: Arc<Notify>) {
    tokio::spawn(async move {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        ready.notify_one();
        let _ = listener.accept().await;
    });
}
