use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::sync::oneshot::Sender;

pub fn serve(ready: Sender<SocketAddr>) {
    tokio::spawn(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _ = ready.send(listener.local_addr().unwrap());
        while listener.accept().await.is_ok() {}
    });
}
