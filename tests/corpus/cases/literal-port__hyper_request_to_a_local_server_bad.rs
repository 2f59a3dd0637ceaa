#[tokio::test]
async fn answers() {
    let response = reqwest::get("http://127.0.0.1:3000/health").await.unwrap();
    assert!(response.status().is_success());
}
