use std::net::TcpStream;

#[test]
#[ignore = "contacts the public Internet"]
fn connects() {
    TcpStream::connect("www.rust-lang.org:80").unwrap();
}

#[test]
#[cfg_attr(not(feature = "online"), ignore)]
fn connects_if_asked() {
    TcpStream::connect("www.rust-lang.org:80").unwrap();
}
