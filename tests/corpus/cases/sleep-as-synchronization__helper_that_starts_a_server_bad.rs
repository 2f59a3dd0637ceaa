// The helper's callers connect as soon as it returns.
use std::time::Duration;

struct Server;

impl Server {
    async fn listen(self) {
        tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    }
}

async fn start() {
    tokio::spawn(Server.listen());
    tokio::time::sleep(Duration::from_millis(50)).await;
}

#[tokio::test]
async fn starts() {
    start().await;
}
