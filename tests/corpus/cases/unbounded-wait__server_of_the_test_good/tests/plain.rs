// The test itself has the server, in a helper of this file or of another one, or the client.
mod common;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use tokio::io::AsyncReadExt;

fn backend() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || for stream in listener.incoming() { stream.unwrap().write_all(b"x").unwrap(); });
    address
}

#[test]
fn own_server() {
    let mut stream = TcpStream::connect(backend()).unwrap();
    stream.read_to_string(&mut String::new()).unwrap();
}

#[test]
fn own_server_beside_the_client_under_test() {
    let address = backend();
    let client = chat::Client::open(address).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.read_to_string(&mut String::new()).unwrap();
    drop(client);
}

#[tokio::test]
async fn server_of_another_file() {
    let mut stream = tokio::net::TcpStream::connect(common::serve().await).await.unwrap();
    stream.read_exact(&mut [0]).await.unwrap();
}

async fn connect(to: SocketAddr) -> tokio::net::TcpStream {
    tokio::net::TcpStream::connect(to).await.unwrap()
}

#[tokio::test]
async fn own_task_connects() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move { connect(address).await });
    let (mut stream, _) = listener.accept().await.unwrap();
    drop(task.await.unwrap());
    stream.read_to_end(&mut Vec::new()).await.unwrap();
}
