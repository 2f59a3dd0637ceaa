use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

#[tokio::test]
async fn closes() {
    let address = chat::start().await;
    let reader = tokio::spawn(async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
    });
    reader.await.unwrap();
}
