//! The helper builds a request and sends nothing.

struct Client {
    inner: reqwest::Client,
    url: String,
}

impl Client {
    fn request(&self) -> reqwest::Request {
        let builder = self.inner.post(self.url.clone()).header("accept", "text/html");
        builder.build().unwrap()
    }
}

#[test]
fn has_the_header() {
    let client = Client { inner: reqwest::Client::new(), url: "http://example.com".to_owned() };
    assert!(client.request().headers().contains_key("accept"));
}
