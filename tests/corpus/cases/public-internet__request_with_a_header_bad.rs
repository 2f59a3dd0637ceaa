//! The chain sets a header and contacts the host.

#[tokio::test]
async fn keeps_cookies() {
    let request = client().get("https://some.host.com/").header("accept", "text/html");
    request.send().await.unwrap();
}
