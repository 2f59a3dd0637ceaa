use std::net::TcpListener;

#[tokio::test]
async fn answers() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || for _ in listener.incoming() {});
    let url = format!("http://{address}/health");
    let response = reqwest::Client::builder().timeout(std::time::Duration::from_secs(5)).build().unwrap().get(url).send().await.unwrap();
    assert!(response.status().is_success());
}
