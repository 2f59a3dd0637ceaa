use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use tokio::task::JoinSet;

#[tokio::test]
async fn serves(address: SocketAddr) {
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { serve(address).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    TcpStream::connect(address).unwrap();
}

async fn serve(address: SocketAddr) {
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    while listener.accept().await.is_ok() {}
}
