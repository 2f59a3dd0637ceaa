// A helper calls another one twice, and only isolated tests call it.
use std::net::TcpListener;

fn listens() {
    TcpListener::bind("127.0.0.1:8080").unwrap();
}

fn twice() {
    listens();
    listens();
}

#[netns_fixtures::netns_test]
fn alone() {
    twice();
}

#[netns_fixtures::netns_test]
fn alone_too() {
    twice();
}
