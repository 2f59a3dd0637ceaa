//! A test that fails on purpose, to show the report of a failure.
//!
//! A run of the whole suite leaves it out, because its target has `test = false` in Cargo.toml. By name it runs, and cargo's
//! exit status is 101: `cargo test -p netns-tests --test fails_on_purpose`.

use std::net::{TcpListener, TcpStream};

use netns_fixtures::prelude::*;

/// The report of the failure contains the output of the test, and the location and values of the assertion.
#[netns_test]
fn the_server_listens_where_the_client_looks() -> TestResult {
    let server = TcpListener::bind("127.0.0.1:8080")?;
    println!("the server listens on {}", server.local_addr()?);

    let client = TcpStream::connect("127.0.0.1:8080")?;
    println!("the client is connected to {}", client.peer_addr()?);
    assert_eq!(client.peer_addr()?.port(), 80, "this is the failure on purpose");
    Ok(())
}
