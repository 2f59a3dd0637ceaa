//! A request is data until somebody sends it.

#[test]
fn builds() {
    let request = http::Request::connect("https://example.com");
    assert_eq!(request.method(), "CONNECT");
}
