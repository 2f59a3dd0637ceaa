//! Checks whether a child has ended, after which it has, or is killed.

use std::process::Command;
use std::time::{Duration, Instant};

use wait_timeout::ChildExt;

const LIMIT: Duration = Duration::from_secs(5);

#[test]
fn killed_where_the_answer_is_not_there() {
    let mut server = Command::new("server").spawn().unwrap();
    if server.wait_timeout(LIMIT).unwrap().is_none() {
        server.kill().unwrap();
    }
    server.wait().unwrap();
}

#[test]
fn killed_in_a_match() {
    let mut server = Command::new("server").spawn().unwrap();
    match server.wait_timeout(LIMIT).unwrap() {
        Some(status) => assert!(status.success()),
        None => server.kill().unwrap(),
    }
    server.wait().unwrap();
}

#[test]
fn the_test_fails_otherwise() {
    let mut server = Command::new("server").spawn().unwrap();
    let Some(status) = server.wait_timeout(LIMIT).unwrap() else { panic!("it is slow") };
    assert!(status.success());
    server.wait().unwrap();
}

#[test]
fn the_answer_is_unwrapped() {
    let mut server = Command::new("server").spawn().unwrap();
    server.wait_timeout(LIMIT).unwrap().expect("it ends");
    server.wait().unwrap();
}

#[test]
fn killed_at_a_deadline() {
    let mut server = Command::new("server").spawn().unwrap();
    let start = Instant::now();
    loop {
        match server.try_wait().unwrap() {
            Some(_) => break,
            None if start.elapsed() > LIMIT => {
                server.kill().unwrap();
                break;
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    }
    server.wait().unwrap();
}

#[test]
fn a_variable_keeps_the_answer() {
    let mut server = Command::new("server").spawn().unwrap();
    let mut has_ended = false;
    for _ in 0..10 {
        if server.try_wait().unwrap().is_some() {
            has_ended = true;
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    if !has_ended {
        server.kill().unwrap();
    }
    server.wait().unwrap();
}
