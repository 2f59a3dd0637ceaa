use std::time::Duration;

#[tokio::test]
async fn opens() {
    let address = std::env::var("SERVER").unwrap();
    tokio::time::timeout(Duration::from_secs(5), client::open(&address)).await.unwrap();
}
