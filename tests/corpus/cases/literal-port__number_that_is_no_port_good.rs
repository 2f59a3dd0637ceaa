pub struct Limits {
    pub requests: u16,
}

#[test]
fn limits() {
    let limits = Limits { requests: 8080 };
    assert_eq!(limits.requests, 8080);
}
