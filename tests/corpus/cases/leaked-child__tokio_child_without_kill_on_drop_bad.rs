use tokio::process::Command;

#[tokio::test]
async fn serves() {
    let mut server = Command::new(env!("CARGO_BIN_EXE_server")).spawn().unwrap();
    let address = std::fs::read_to_string("address").unwrap();
    assert!(!address.is_empty());
    server.kill().await.unwrap();
}
