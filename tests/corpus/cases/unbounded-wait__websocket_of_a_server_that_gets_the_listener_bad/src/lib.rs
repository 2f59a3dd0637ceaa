use futures_util::SinkExt;
use tokio::net::TcpListener;

pub async fn serve(listener: TcpListener) {
    let (stream, _) = listener.accept().await.unwrap();
    let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
    socket.send("hello".into()).await.unwrap();
}
