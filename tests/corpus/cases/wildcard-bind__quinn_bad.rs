#[tokio::test]
async fn serves() {
    let e = quinn::Endpoint::server(config(), "0.0.0.0:0".parse().unwrap()).unwrap();
    drop(e);
}
