#[tokio::test]
async fn serves() {
    tokio::spawn(async { tokio::task::yield_now().await });
    loop {}
}
