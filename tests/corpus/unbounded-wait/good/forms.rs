//! Waits with a limit around them, waits after the end, and waits for something else.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::time::{Duration, Instant};

use tokio::time::{timeout, timeout_at};
use wait_timeout::ChildExt;

const LIMIT: Duration = Duration::from_secs(5);

#[tokio::test]
async fn with_a_timeout_around() {
    let mut server = tokio::process::Command::new("server").spawn().unwrap();
    timeout(LIMIT, server.wait()).await.unwrap().unwrap();
}

#[tokio::test]
async fn with_a_timeout_around_a_block() {
    let mut server = tokio::process::Command::new("server").stdout(Stdio::piped()).spawn().unwrap();
    timeout(LIMIT, async {
        let mut text = String::new();
        let mut stdout = server.stdout.take().unwrap();
        tokio::io::AsyncReadExt::read_to_string(&mut stdout, &mut text).await.unwrap();
        server.wait().await.unwrap();
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn with_a_deadline_around() {
    let mut server = tokio::process::Command::new("server").spawn().unwrap();
    timeout_at(tokio::time::Instant::now() + LIMIT, server.wait()).await.unwrap().unwrap();
}

#[tokio::test]
async fn with_a_select() {
    let mut server = tokio::process::Command::new("server").kill_on_drop(true).spawn().unwrap();
    tokio::select! {
        status = server.wait() => assert!(status.unwrap().success()),
        () = tokio::time::sleep(LIMIT) => panic!("too slow"),
    }
}

#[test]
fn with_wait_timeout() {
    let mut server = Command::new("server").spawn().unwrap();
    if server.wait_timeout(LIMIT).unwrap().is_none() {
        server.kill().unwrap();
        server.wait().unwrap();
    }
}

#[test]
fn after_kill() {
    let mut server = Command::new("server").spawn().unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn after_a_signal() {
    let mut server = Command::new("server").spawn().unwrap();
    nix::sys::signal::kill(pid_of(&server), nix::sys::signal::Signal::SIGTERM).unwrap();
    server.wait().unwrap();
}

#[tokio::test]
async fn after_start_kill() {
    let mut server = tokio::process::Command::new("server").spawn().unwrap();
    server.start_kill().unwrap();
    server.wait().await.unwrap();
}

#[test]
fn polled_until_a_deadline() {
    let mut server = Command::new("server").spawn().unwrap();
    let deadline = Instant::now() + LIMIT;
    while server.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "the server does not end");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn for_something_else() {
    let barrier = Arc::new(Barrier::new(1));
    barrier.wait();
    let pair = (Mutex::new(()), Condvar::new());
    drop(pair.1.wait_timeout(pair.0.lock().unwrap(), LIMIT).unwrap());
    future().wait();
}

#[test]
fn reading_something_else() {
    let mut text = String::new();
    std::fs::File::open("/proc/self/status").unwrap().read_to_string(&mut text).unwrap();
    assert!(text.contains("Name"));
}

#[test]
fn reading_what_has_been_read() {
    let output = Command::new("ip").arg("link").output().unwrap();
    let mut text = String::new();
    output.stdout.as_slice().read_to_string(&mut text).unwrap();
}

#[netns_test]
fn in_a_test_with_a_deadline() {
    let mut server = Command::new("server").spawn().unwrap();
    server.wait().unwrap();
}

#[test]
fn with_a_limit_of_the_command() {
    assert_cmd::Command::new("server").timeout(LIMIT).assert().success();
}

#[test]
fn status_and_output_of_something_else() {
    let response = client().get("http://127.0.0.1/");
    assert_eq!(response.status(), 200);
    assert!(compiler().output().is_empty());
}
