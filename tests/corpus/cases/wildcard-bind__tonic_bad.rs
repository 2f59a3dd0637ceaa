#[tokio::test]
async fn serves() {
    tonic::transport::Server::builder().add_service(svc()).serve("0.0.0.0:50051".parse().unwrap()).await.unwrap();
}
