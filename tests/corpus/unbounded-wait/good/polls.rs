//! Loops that ask again and have an end.

use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(50);

fn wait_for(address: &str, limit: Duration) {
    let start = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(start.elapsed() < limit, "nobody listens");
        thread::sleep(PAUSE);
    }
}

#[test]
fn a_clock() {
    wait_for(&address(), PAUSE * 20);
}

#[test]
fn a_count() {
    let mut tries = 0;
    loop {
        match TcpStream::connect(address()) {
            Ok(_) => break,
            Err(error) if tries == 20 => panic!("{error}"),
            Err(_) => {
                tries += 1;
                thread::sleep(PAUSE);
            }
        }
    }
}

#[tokio::test]
async fn a_limit_around_it() {
    let ready = async {
        while tokio::net::TcpStream::connect(address()).await.is_err() {
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::time::timeout(PAUSE * 20, ready).await.unwrap();
}

#[test]
fn a_range() {
    for _ in 0..20 {
        if TcpStream::connect(address()).is_ok() {
            return;
        }
        thread::sleep(PAUSE);
    }
    panic!("nobody listens");
}

#[test]
fn a_child_with_a_deadline() {
    let mut server = Command::new(env!("CARGO_BIN_EXE_server")).spawn().unwrap();
    let deadline = Instant::now() + PAUSE * 20;
    while server.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            server.kill().unwrap();
        }
        thread::sleep(PAUSE);
    }
}

#[test]
fn a_thread_that_nobody_waits_for() {
    thread::spawn(|| {
        while TcpStream::connect(address()).is_err() {
            thread::sleep(PAUSE);
        }
    });
}

#[test]
fn messages_until_there_are_no_more() {
    let messages = messages();
    while let Some(message) = messages.pop() {
        thread::sleep(PAUSE);
        drop(message);
    }
}
