#[tokio::test]
#[ignore]
async fn ignored() {}
#[tokio::test]
async fn asks() {
    let url = std::env::var("SERVICE_URL").unwrap();
    assert!(reqwest::Client::new().get(url).send().await.unwrap().status().is_success());
}
