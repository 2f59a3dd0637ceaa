use product::{Client, Server};
use std::net::SocketAddr;
use std::time::Duration;

#[tokio::test]
async fn serves(address: SocketAddr) {
    let task = tokio::spawn(async move { Server::run(address).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let client = Client::connect(address).await;
    assert_eq!(client.peer(), address);
    task.abort();
}
