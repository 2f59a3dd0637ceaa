use axum::Router;
use std::net::SocketAddr;

#[tokio::test]
async fn serves() {
    let address = SocketAddr::from(([127, 0, 0, 1], 3000));
    let listener = tokio::net::TcpListener::bind(&address).await.unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new()).await.unwrap() });
}
