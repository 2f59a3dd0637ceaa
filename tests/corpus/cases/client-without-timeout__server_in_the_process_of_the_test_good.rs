use std::process::Command;

#[tokio::test]
async fn shows_the_page() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { listener.accept().await });
    let _logger = Command::new("logger").spawn().unwrap();
    let page = reqwest::Client::new().get(format!("http://127.0.0.1:{port}/")).send().await.unwrap();
    assert!(page.status().is_success());
}
