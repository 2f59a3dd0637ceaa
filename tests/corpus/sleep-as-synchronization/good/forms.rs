//! A time that is meant, or a condition.

use std::net::TcpStream;
use std::thread;
use std::time::Duration;

#[test]
fn polls() {
    let server = thread::spawn(serve);
    while TcpStream::connect(address()).is_err() { //~ unbounded-wait
        thread::sleep(Duration::from_millis(10));
    }
    server.join().unwrap();
}

#[test]
fn is_told() {
    let (ready, is_ready) = std::sync::mpsc::channel();
    let server = thread::spawn(move || serve_and_tell(ready));
    is_ready.recv_timeout(Duration::from_secs(5)).unwrap();
    assert!(TcpStream::connect(address()).is_ok());
    server.join().unwrap();
}

#[test]
fn starts_nothing() {
    thread::sleep(Duration::from_millis(10));
    assert!(TcpStream::connect(address()).is_err());
}

#[test]
fn needs_nothing_afterwards() {
    let server = thread::spawn(serve);
    thread::sleep(Duration::from_millis(10));
    server.join().unwrap();
}

#[test]
fn sleeps_inside_of_the_thread() {
    let server = thread::spawn(|| thread::sleep(Duration::from_millis(10)));
    assert!(TcpStream::connect(address()).is_err());
    server.join().unwrap();
}

#[test]
fn sleeps_afterwards() {
    let server = thread::spawn(serve);
    assert!(TcpStream::connect(address()).is_ok());
    server.join().unwrap();
    thread::sleep(Duration::from_millis(10));
}

#[test]
fn waits_by_a_helper() {
    let server = thread::spawn(serve);
    wait_until(|| TcpStream::connect(address()).is_ok());
    server.join().unwrap();
}

#[test]
fn listens_before() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let to = listener.local_addr().unwrap();
    let server = thread::spawn(move || listener.accept().is_ok());
    assert!(TcpStream::connect(to).is_ok());
    assert!(server.join().unwrap());
}

#[test]
fn measures_the_time() {
    let start = std::time::Instant::now();
    thread::sleep(Duration::from_millis(10));
    assert!(start.elapsed() >= Duration::from_millis(10));
}

#[test]
fn has_a_clock_of_its_own() {
    let mut clock = Clock::default();
    clock.sleep(Duration::from_millis(10));
    assert_eq!(clock.now(), Duration::from_millis(10));
}
