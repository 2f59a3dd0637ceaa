// Without the variable, the kernel chooses.
#[tokio::test]
async fn serves() {
    let address = std::env::var("BIND_ADDR").unwrap_or_else(|_| "127.0.0.1:0".to_owned());
    tokio::net::TcpListener::bind(address).await.unwrap();
}
