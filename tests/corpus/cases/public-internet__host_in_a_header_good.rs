#[test]
fn parses() {
    let request = "GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n";
    assert!(request.contains("example.com"));
}
