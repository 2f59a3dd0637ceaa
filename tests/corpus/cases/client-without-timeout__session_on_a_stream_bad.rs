// The connection has a limit, the handshake on it has none.
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

#[tokio::test]
async fn greets() {
    let stream = timeout(Duration::from_secs(5), TcpStream::connect("mail.example.com:465")).await.unwrap().unwrap();
    let session = own_tls::Connector::default().connect("mail.example.com", stream).await.unwrap();
    assert!(session.is_encrypted());
}
