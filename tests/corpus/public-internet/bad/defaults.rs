//! Hosts of the world that a helper gets as the default of a variable, and hosts that other programs and resolvers ask.

use std::env;
use std::net::TcpStream;
use std::process::Command;

const MIRROR: &str = "http://mirror.example.org";

struct Endpoint {
    base: String,
}

impl Endpoint {
    fn from_env(name: &str, default: &str) -> Self {
        let base = env::var(name).unwrap_or_else(|_| default.to_owned());
        let base = base.trim_end_matches('/').to_owned();
        Self { base }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{}", self.base, path)
    }
}

fn endpoint() -> Endpoint {
    Endpoint::from_env("MIRROR", MIRROR)
}

fn address_or(name: &str, default: &str) -> String {
    match env::var(name) {
        Ok(address) => address,
        Err(_) => default.to_string(),
    }
}

#[tokio::test]
async fn a_structure_of_settings() {
    let mirror = endpoint();
    let client = reqwest::Client::new();
    let answer = tokio::time::timeout(LIMIT, client.get(mirror.url("/get")).send()).await; //~ public-internet
    assert!(answer.is_ok());
}

#[test]
fn a_default_that_the_caller_chooses() {
    assert!(TcpStream::connect(address_or("PEER", "peer.example.com:80")).is_ok()); //~ public-internet
}

#[test]
fn a_clone() {
    let status = Command::new("git").args(["clone", "https://example.com/a.git", "a"]).status(); //~ public-internet, unbounded-wait
    assert!(status.unwrap().success());
}

#[tokio::test]
async fn a_resolver() {
    let resolver = hickory_resolver::TokioResolver::builder_tokio().unwrap().build();
    assert!(tokio::time::timeout(LIMIT, resolver.lookup_ip("www.example.org.")).await.is_ok()); //~ public-internet
}
