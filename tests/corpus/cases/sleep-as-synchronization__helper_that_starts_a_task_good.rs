// The task serves nobody, so no caller connects to it.
use std::time::Duration;

async fn start() {
    tokio::spawn(async { println!("working") });
    tokio::time::sleep(Duration::from_millis(50)).await;
}

#[tokio::test]
async fn starts() {
    start().await;
}
