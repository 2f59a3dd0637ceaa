use std::time::Duration;
use tokio::net::TcpStream;

async fn once(address: &str) -> std::io::Result<TcpStream> {
    TcpStream::connect(address).await
}
pub async fn open(address: &str) -> TcpStream {
    loop {
        if let Ok(stream) = once(address).await {
            return stream;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
pub async fn session(address: &str) -> usize {
    let stream = open(address).await;
    stream.local_addr().unwrap().port().into()
}
