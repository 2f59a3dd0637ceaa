use std::net::TcpStream;

#[test]
#[ignore]
fn connects() {
    TcpStream::connect("www.rust-lang.org:80").unwrap();
}
