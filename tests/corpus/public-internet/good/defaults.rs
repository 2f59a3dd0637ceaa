//! Defaults that are no hosts of the world, and programs that only write a name down.

use std::env;
use std::net::TcpStream;
use std::process::Command;

fn address_or(name: &str, default: &str) -> String {
    env::var(name).unwrap_or_else(|_| default.to_string())
}

#[test]
fn a_server_of_the_test() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = address_or("PEER", &server.local_addr().unwrap().to_string());
    assert!(TcpStream::connect(address).is_ok());
}

#[test]
fn a_name_of_a_log() {
    assert!(address_or("LOG", "client.example.com.log").ends_with("log"));
}

#[test]
fn a_remote_that_nobody_asks() {
    let status = Command::new("git").args(["remote", "add", "origin", "https://example.com/a.git"]).status();
    assert!(status.unwrap().success());
}

#[test]
fn a_table_of_names() {
    let table = Table::new();
    assert!(table.lookup("www.example.org").is_none());
}
