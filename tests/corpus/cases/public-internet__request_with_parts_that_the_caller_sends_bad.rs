//! The test chooses the URL, and sends what the helper builds for it.

fn request(client: &reqwest::Client, url: &str) -> Result<reqwest::Request, reqwest::Error> {
    let request = client.get(url).header("accept", "text/html").build()?;
    Ok(request)
}

#[tokio::test]
async fn has_an_answer() {
    let client = reqwest::Client::new();
    let request = request(&client, "http://example.com").unwrap();
    assert!(client.execute(request).await.is_ok());
}
