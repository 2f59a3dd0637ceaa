//! The chain sends the connection to the test's own server.

#[tokio::test]
async fn keeps_cookies() {
    let address = serve();
    let request = client().get("https://some.host.com/").with_override(&address.ip().to_string(), address.port(), false);
    request.send().await.unwrap();
}
