// Without the variable, the test talks to whatever listens on the usual port.
#[tokio::test]
async fn asks_the_agent() {
    let agent = std::env::var("AGENT_ADDR").unwrap_or_else(|_| "127.0.0.1:8500".to_owned());
    tokio::net::TcpStream::connect(agent).await.unwrap();
}
