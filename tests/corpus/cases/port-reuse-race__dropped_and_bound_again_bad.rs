use std::net::TcpListener;
#[tokio::test]
async fn serves() {
    let probe = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = probe.local_addr().unwrap().port();
    drop(probe);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    drop(listener);
}
