#[test]
fn refuses() { assert!(std::net::TcpStream::connect("nobody.invalid:80").is_err()); }
