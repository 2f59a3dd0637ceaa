use tokio::process::Command;

#[tokio::test]
async fn serves() {
    let _server = Command::new(env!("CARGO_BIN_EXE_server")).kill_on_drop(true).spawn().unwrap();
    let address = std::fs::read_to_string("address").unwrap();
    assert!(!address.is_empty());
}
