#[tokio::test]
async fn asks() {
    let root = reqwest::Certificate::from_pem(include_bytes!("root.pem")).unwrap();
    let client = reqwest::Client::builder()
        .add_root_certificate(root)
        .timeout(std::time::Duration::from_secs(5))
        .build()
        .unwrap();
    client.get("https://127.0.0.1:0/").send().await.unwrap();
}
