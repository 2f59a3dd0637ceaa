use std::time::Duration;
use tokio::net::TcpStream;

pub async fn open(address: &str) -> TcpStream {
    loop {
        if let Ok(stream) = TcpStream::connect(address).await {
            return stream;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
