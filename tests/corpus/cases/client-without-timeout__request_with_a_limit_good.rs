use std::time::Duration;
#[tokio::test]
async fn asks() {
    let url = std::env::var("SERVICE_URL").unwrap();
    let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).build().unwrap();
    assert!(client.get(url).send().await.unwrap().status().is_success());
}
