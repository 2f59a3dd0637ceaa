#[tokio::test]
async fn asks() {
    let client = reqwest::Client::builder()
        .danger_accept_invalid_certs(true)
        .timeout(std::time::Duration::from_secs(5))
        .build()
        .unwrap();
    client.get("https://www.wikipedia.org/").send().await.unwrap();
}
