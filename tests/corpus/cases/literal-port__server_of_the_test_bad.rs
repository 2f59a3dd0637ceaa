use std::net::TcpListener;
#[test]
fn serves() {
    let listener = TcpListener::bind(("127.0.0.1", 9091)).unwrap();
    drop(listener);
}
