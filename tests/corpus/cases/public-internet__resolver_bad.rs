use std::net::ToSocketAddrs;
#[test]
fn resolves() { assert!(std::net::TcpStream::connect("www.rust-lang.org:443").is_ok()); let _ = "localhost:1".to_socket_addrs(); }
