#[tokio::test]
async fn opens() {
    let address = std::env::var("SERVER").unwrap();
    assert!(client::session(&address).await > 0);
}
