//! Hosts of the world that a test contacts.

use std::net::TcpStream;
use std::process::Command;

#[test]
fn connects() {
    let stream = TcpStream::connect("www.rust-lang.org:443"); //~ public-internet
    assert!(stream.is_ok());
}

#[test]
fn connects_by_a_pair() {
    assert!(TcpStream::connect("example.com:80").is_ok()); //~ public-internet
}

#[test]
fn resolves() {
    assert!(dns_lookup::lookup_host("example.org").is_ok()); //~ public-internet
}

#[test]
fn runs_curl() {
    let mut child = Command::new("curl"); //~ public-internet
    assert!(child.args(["-sS", "https://example.com/"]).arg("--max-time").arg("5").spawn().unwrap().kill().is_ok());
}

#[tokio::test]
async fn gets() {
    let answer = tokio::time::timeout(LIMIT, reqwest::get("https://example.com/")).await; //~ public-internet
    assert!(answer.is_ok());
}

#[tokio::test]
async fn sends_by_a_client() {
    let client = reqwest::Client::new();
    let answer = client.get("https://httpbin.org/get").send().await; //~ public-internet, client-without-timeout
    assert!(answer.is_ok());
}

#[tokio::test]
async fn posts_by_a_client() {
    let answer = reqwest::Client::new().post("http://example.com/a").body("x").send().await; //~ public-internet, client-without-timeout
    assert!(answer.is_ok());
}

#[tokio::test]
async fn asks_a_resolver() {
    assert!(tokio::net::lookup_host("example.com:80").await.is_ok()); //~ public-internet
}
