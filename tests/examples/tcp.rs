//! A client and a server that talk over TCP, in the single namespace of their test.
//!
//! Copy the file into the `tests` folder of your package; it needs tokio with the features `net`, `io-util` and `rt`. Here,
//! `cargo test -p netns-tests --test examples tcp` runs it.

use netns_fixtures::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The program under test: sends the received text back in capitals, until the client is done.
async fn shout(listener: TcpListener) -> std::io::Result<()> {
    let (mut client, _) = listener.accept().await?;
    let mut buffer = [0; 256];
    loop {
        let length = client.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        buffer[..length].make_ascii_uppercase();
        client.write_all(&buffer[..length]).await?;
    }
}

/// If the server hung, the test would fail after five seconds and report what was still running.
#[netns_test(deadline = "5s")]
async fn the_server_answers_in_capitals() -> TestResult {
    let listener = TcpListener::bind("127.0.0.1:80").await?;
    let server = tokio::spawn(shout(listener));

    let mut client = TcpStream::connect("127.0.0.1:80").await?;
    client.write_all(b"hello").await?;
    client.shutdown().await?;
    let mut answer = String::new();
    client.read_to_string(&mut answer).await?;

    assert_eq!(answer, "HELLO");
    server.await??;
    Ok(())
}
