//! Names as data, and hosts that are the test's own.

use std::net::TcpStream;
use std::process::Command;

#[test]
fn parses() {
    assert!(url::Url::parse("https://example.com/").is_ok());
}

#[test]
fn builds_a_request() {
    let request = http::Request::get("https://example.com/").body(()).unwrap();
    assert_eq!(request.uri().host(), Some("example.com"));
}

#[test]
fn connects_to_loopback() {
    assert!(TcpStream::connect(("localhost", port())).is_err());
}

#[test]
fn connects_to_a_name_for_tests() {
    assert!(TcpStream::connect("server.test:http").is_err());
    assert!(TcpStream::connect("nowhere.invalid:http").is_err());
}

#[test]
fn compares() {
    assert_eq!(server::name(), "www.example.com");
}

#[test]
fn looks_up_in_a_map() {
    let mut known = std::collections::HashMap::new();
    known.insert("https://example.com/", 1);
    assert!(known.get("https://example.com/").is_some());
}

#[test]
fn prints() {
    assert!(Command::new("/bin/true").arg("https://example.com/").spawn().unwrap().wait().is_ok());
}


#[test]
#[ignore = "contacts the world"]
fn only_when_asked() {
    assert!(TcpStream::connect("example.com:80").is_ok());
}

#[netns_test]
fn in_its_own_network() {
    assert!(TcpStream::connect("example.com:80").is_err());
}
