// Both waits have a limit.
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(5);

#[tokio::test]
async fn greets() {
    let stream = timeout(LIMIT, TcpStream::connect("mail.example.com:465")).await.unwrap().unwrap();
    let session = timeout(LIMIT, own_tls::Connector::default().connect("mail.example.com", stream)).await.unwrap().unwrap();
    assert!(session.is_encrypted());
}
