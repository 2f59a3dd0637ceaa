//! The helper builds a request, and its caller sends it.

fn request(client: &reqwest::Client) -> reqwest::Request {
    client.get("http://example.com").header("accept", "text/html").build().unwrap()
}

#[tokio::test]
async fn has_an_answer() {
    let client = reqwest::Client::new();
    assert!(client.execute(request(&client)).await.is_ok());
}
