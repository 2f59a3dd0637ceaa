use std::net::TcpListener;
#[test]
fn listens() { TcpListener::bind("10.11.12.13:0").unwrap(); }
