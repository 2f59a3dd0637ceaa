//! A test that fails on purpose, to show what a failure looks like.
//!
//! No run of the whole suite has it: its target is `test = false` in Cargo.toml. By name it runs all the same, and
//! cargo's exit status is 101: `cargo test -p netns-tests --test fails_on_purpose`.

use std::net::{TcpListener, TcpStream};

use netns_fixtures::prelude::*;

/// What the test prints is in the report of its failure, and the place and the values of the assertion are.
#[netns_test]
fn the_server_listens_where_the_client_looks() -> TestResult {
    let server = TcpListener::bind("127.0.0.1:8080")?;
    println!("the server listens on {}", server.local_addr()?);

    let client = TcpStream::connect("127.0.0.1:8080")?;
    println!("the client is connected to {}", client.peer_addr()?);
    assert_eq!(client.peer_addr()?.port(), 80, "this is the failure on purpose");
    Ok(())
}
