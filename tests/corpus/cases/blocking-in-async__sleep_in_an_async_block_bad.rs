use std::{thread, time::Duration};
#[tokio::test]
async fn waits() {
    let task = tokio::spawn(async { thread::sleep(Duration::from_millis(5)); });
    task.await.unwrap();
}
