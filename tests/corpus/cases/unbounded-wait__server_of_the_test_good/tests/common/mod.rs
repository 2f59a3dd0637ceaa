use std::net::SocketAddr;

use tokio::io::AsyncWriteExt;

pub async fn serve() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { listener.accept().await.unwrap().0.write_all(b"x").await });
    address
}
