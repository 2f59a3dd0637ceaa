//! The client connects to the test's own server in place of the host.

use std::net::SocketAddr;

async fn status(address: SocketAddr) -> u16 {
    let client = reqwest::Client::builder().resolve("api.github.com", address).build().unwrap();
    client.get(format!("http://api.github.com:{}/", address.port())).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn sends_the_host() {
    assert_eq!(status(own_server()).await, 204);
}
