// Without the variable, the request goes to a stranger.
#[tokio::test]
async fn fetches() {
    let base = std::env::var("HTTPBIN_URL").unwrap_or_else(|_| "https://httpbin.org".to_owned());
    let client = own::Client::new();
    client.get(format!("{base}/get")).send().await.unwrap();
}
