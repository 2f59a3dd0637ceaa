use std::time::Duration;
#[tokio::test]
async fn waits() {
    tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(5))).await.unwrap();
}
