#[tokio::test]
async fn asks() {
    let connector = native_tls::TlsConnector::builder().danger_accept_invalid_certs(true).build().unwrap();
    let stream = std::net::TcpStream::connect("example.com:443").unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
    connector.connect("example.com", stream).unwrap();
}
