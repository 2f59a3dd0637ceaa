use product::Api;

#[tokio::test]
async fn asks() {
    let text = Api::new().get("https://www.rust-lang.org/").await.unwrap();
    assert!(!text.is_empty());
}
