use tokio::net::TcpListener;
#[tokio::test]
async fn listens() { drop(TcpListener::bind("[::]:0").await.unwrap()); }
