//! The helper sends the request that it builds.

struct Client {
    inner: reqwest::Client,
    url: String,
}

impl Client {
    async fn request(&self) -> reqwest::Response {
        let builder = self.inner.post(self.url.clone()).header("accept", "text/html");
        let request = builder.build().unwrap();
        self.inner.execute(request).await.unwrap()
    }
}

#[tokio::test]
async fn has_the_header() {
    let client = Client { inner: reqwest::Client::new(), url: "http://example.com".to_owned() };
    assert!(client.request().await.headers().contains_key("accept"));
}
