use std::time::Duration;

use tokio::{net::TcpStream, time::{sleep, timeout}};

async fn is_there() -> bool {
    timeout(Duration::from_secs(1), TcpStream::connect("127.0.0.1:0")).await.is_ok_and(|stream| stream.is_ok())
}

#[tokio::test]
async fn listens() {
    while !is_there().await {
        sleep(Duration::from_millis(50)).await;
    }
}
