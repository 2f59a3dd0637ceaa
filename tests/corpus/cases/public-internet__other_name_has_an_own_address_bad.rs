//! The client has an address for another host only.

use std::net::SocketAddr;

#[tokio::test]
async fn sends_the_host() {
    let address: SocketAddr = own_server();
    let client = reqwest::Client::builder().resolve("api.local.test", address).build().unwrap();
    let reply = client.get("https://api.github.com/zen").send().await.unwrap();
    assert_eq!(reply.status(), 204);
}
