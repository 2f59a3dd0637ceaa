//! A time that stands for a condition.

use std::net::TcpStream;
use std::thread;
use std::time::Duration;

#[test]
fn before_a_connection() {
    let server = thread::spawn(serve);
    thread::sleep(Duration::from_millis(100)); //~ sleep-as-synchronization
    let client = TcpStream::connect("127.0.0.1:0");
    assert!(client.is_ok());
    server.join().unwrap();
}

#[test]
fn by_full_path() {
    let server = std::thread::spawn(serve);
    std::thread::sleep(std::time::Duration::from_secs(1)); //~ sleep-as-synchronization
    assert!(TcpStream::connect(address()).is_ok());
    server.join().unwrap();
}

#[test]
fn a_constant() {
    const SETTLE: Duration = Duration::from_millis(50);
    let server = thread::spawn(serve);
    thread::sleep(SETTLE); //~ sleep-as-synchronization
    let client = TcpStream::connect(address());
    assert!(client.is_ok());
    server.join().unwrap();
}

#[test]
fn a_child() {
    let mut server = std::process::Command::new("/bin/true").spawn().unwrap();
    thread::sleep(Duration::from_millis(100)); //~ sleep-as-synchronization
    let client = TcpStream::connect(address());
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(client.is_ok());
}

#[test]
fn before_an_assertion() {
    let worker = thread::spawn(serve);
    thread::sleep(Duration::from_millis(100)); //~ pedantic: sleep-as-synchronization
    assert!(is_done());
    worker.join().unwrap();
}

#[test]
fn before_an_equation() {
    let worker = thread::spawn(serve);
    thread::sleep(Duration::from_millis(100)); //~ pedantic: sleep-as-synchronization
    assert_eq!(count(), 1);
    worker.join().unwrap();
}

#[tokio::test]
async fn in_a_runtime() {
    let server = tokio::spawn(serve_async());
    tokio::time::sleep(Duration::from_millis(100)).await; //~ sleep-as-synchronization
    let client = tokio::net::TcpStream::connect(address()).await;
    assert!(client.is_ok());
    server.abort();
}

#[tokio::test]
async fn of_a_task() {
    let server = tokio::task::spawn(serve_async());
    tokio::time::sleep(Duration::from_millis(10)).await; //~ sleep-as-synchronization
    assert!(tokio::net::TcpStream::connect(address()).await.is_ok());
    server.abort();
}

#[test]
fn before_a_connection_with_a_limit() {
    let server = thread::spawn(serve);
    thread::sleep(Duration::from_millis(100)); //~ sleep-as-synchronization
    let client = TcpStream::connect_timeout(&address(), Duration::from_secs(1));
    assert!(client.is_ok());
    server.join().unwrap();
}

#[test]
fn a_child_with_arguments() {
    let mut server = std::process::Command::new("/bin/sleep").arg("1").spawn().unwrap();
    thread::sleep(Duration::from_secs(1)); //~ sleep-as-synchronization
    let client = TcpStream::connect(address());
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(client.is_ok());
}
