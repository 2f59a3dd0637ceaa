#[test]
fn listens() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 1 << 13)).unwrap();
    drop(listener);
}
