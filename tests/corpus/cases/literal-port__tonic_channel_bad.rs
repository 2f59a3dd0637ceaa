#[tokio::test]
async fn calls() {
    let c = tonic::transport::Channel::from_static("http://127.0.0.1:50051").connect().await.unwrap();
    drop(c);
}
