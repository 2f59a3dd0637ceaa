// Without the variable, the request stays on the machine.
#[tokio::test]
async fn fetches() {
    let base = std::env::var("HTTPBIN_URL").unwrap_or_else(|_| "http://httpbin.test".to_owned());
    let client = own::Client::new();
    client.get(format!("{base}/get")).send().await.unwrap();
}
