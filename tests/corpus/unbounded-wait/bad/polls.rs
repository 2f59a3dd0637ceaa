//! Loops that ask again and have no end.

use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(50);

fn wait_for(address: &str) {
    loop { //~ unbounded-wait
        match TcpStream::connect(address) {
            Ok(_) => return,
            Err(_) => thread::sleep(PAUSE),
        }
    }
}

#[test]
fn until_a_helper_has_connected() {
    wait_for(&address());
}

#[test]
fn until_it_has_connected() {
    while TcpStream::connect(address()).is_err() { //~ unbounded-wait
        thread::sleep(PAUSE);
    }
}

#[tokio::test]
async fn until_a_request_is_answered() {
    let client = reqwest::Client::new();
    loop { //~ unbounded-wait
        let answer = client.get(address()).send().await; //~ pedantic: client-without-timeout
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[test]
fn until_the_child_has_ended() {
    let mut server = Command::new(env!("CARGO_BIN_EXE_server")).spawn().unwrap();
    let status = loop { //~ unbounded-wait
        if let Some(status) = server.try_wait().unwrap() {
            break status;
        }
        thread::sleep(PAUSE);
    };
    assert!(status.success());
}

#[test]
fn until_a_thread_of_the_test_is_done() {
    while !is_done() { //~ pedantic: unbounded-wait
        thread::yield_now();
    }
}
