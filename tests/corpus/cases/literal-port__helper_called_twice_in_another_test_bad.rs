// A helper calls another one twice, and a test without isolation calls it too.
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

#[test]
fn beside_others() {
    twice();
}
