use std::time::Duration;
use tokio::net::UdpSocket;

#[tokio::test]
async fn echoes() {
    let server = echo::start().await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(b"x", server).await.unwrap();
    let mut buffer = [0; 64];
    tokio::time::timeout(Duration::from_secs(1), socket.recv_from(&mut buffer)).await.unwrap().unwrap();
}
