#[tokio::test]
async fn answers() {
    let client = reqwest::blocking::Client::new();
    let _ = client;
}
