use tokio::net::TcpListener;

pub async fn serve(listener: TcpListener) {
    while let Ok((connection, _)) = listener.accept().await { drop(connection); }
}
pub async fn start() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener));
    address
}
