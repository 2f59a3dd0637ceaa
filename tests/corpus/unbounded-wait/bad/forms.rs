//! Waits that end when a child does, if it does.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use tokio::io::{AsyncBufReadExt, AsyncReadExt};

struct Server {
    child: Child,
}

impl Server {
    fn stop(mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap(); //~ unbounded-wait
    }
}

fn ended(child: &mut Child) -> bool {
    child.wait().unwrap().success() //~ unbounded-wait
}

#[test]
fn a_server() {
    let mut server = Command::new("server").spawn().unwrap();
    server.wait().unwrap(); //~ unbounded-wait
}

#[test]
fn at_once() {
    Command::new("server").spawn().unwrap().wait().unwrap(); //~ unbounded-wait
}

#[test]
fn with_its_output() {
    let server = Command::new("server").stdout(Stdio::piped()).spawn().unwrap();
    let output = server.wait_with_output().unwrap(); //~ unbounded-wait
    assert!(output.status.success());
}

#[test]
fn by_a_helper() {
    let mut server = Command::new("server").spawn().unwrap();
    assert!(ended(&mut server));
}

#[test]
fn by_a_method() {
    Server { child: Command::new("server").spawn().unwrap() }.stop();
}

#[test]
fn reading_to_the_end() {
    let mut server = Command::new("server").stdout(Stdio::piped()).spawn().unwrap(); //~ leaked-child
    let mut text = String::new();
    server.stdout.take().unwrap().read_to_string(&mut text).unwrap(); //~ unbounded-wait
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn reading_a_line() {
    let mut server = Command::new("server").stdout(Stdio::piped()).spawn().unwrap(); //~ leaked-child
    let mut line = String::new();
    BufReader::new(server.stdout.as_mut().unwrap()).read_line(&mut line).unwrap(); //~ unbounded-wait
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn reading_line_by_line() {
    let mut server = Command::new("server").stderr(Stdio::piped()).spawn().unwrap(); //~ leaked-child
    let stderr = server.stderr.take().unwrap();
    let ready = BufReader::new(stderr).lines().any(|line| line.unwrap().contains("ready")); //~ unbounded-wait
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(ready);
}

#[test]
fn in_a_macro() {
    let mut server = Command::new("server").spawn().unwrap();
    assert!(server.wait().unwrap().success()); //~ unbounded-wait
}

#[tokio::test]
async fn asynchronous() {
    let mut server = tokio::process::Command::new("server").spawn().unwrap();
    server.wait().await.unwrap(); //~ unbounded-wait
}

#[tokio::test]
async fn asynchronous_reading() {
    let mut server = tokio::process::Command::new("server").stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut text = String::new();
    server.stdout.take().unwrap().read_to_string(&mut text).await.unwrap(); //~ unbounded-wait
}

#[tokio::test]
async fn asynchronous_reading_of_a_line() {
    let mut server = tokio::process::Command::new("server").stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = tokio::io::BufReader::new(server.stdout.take().unwrap()).lines();
    assert!(lines.next_line().await.unwrap().is_some()); //~ unbounded-wait
}

#[tokio::test]
async fn with_a_limit_of_something_else() {
    let mut server = tokio::process::Command::new("server").spawn().unwrap();
    server.wait().await.unwrap(); //~ unbounded-wait
    tokio::time::timeout(limit(), lookup()).await.unwrap();
}

#[test]
fn of_a_library() {
    let handle = duct::cmd!("server").start().unwrap();
    handle.wait().unwrap(); //~ unbounded-wait
}

#[test]
fn on_another_thread_that_is_joined() {
    let mut server = Command::new("server").spawn().unwrap();
    std::thread::spawn(move || server.wait().unwrap()).join().unwrap(); //~ unbounded-wait
}

#[test]
fn of_a_tool_that_ends_by_itself() {
    Command::new("true").spawn().unwrap().wait().unwrap(); //~ pedantic: unbounded-wait
}

#[test]
fn of_tools() {
    Command::new("ip").args(["link", "show"]).status().unwrap(); //~ pedantic: unbounded-wait
    Command::new("ip").args(["link", "show"]).output().unwrap(); //~ pedantic: unbounded-wait
}

#[test]
fn with_a_limit_that_comes_too_late() {
    let mut server = assert_cmd::Command::new(env!("CARGO_BIN_EXE_server"));
    server.output().unwrap(); //~ unbounded-wait
    server.timeout(std::time::Duration::from_secs(5));
}

#[test]
fn with_a_limit_that_is_none() {
    let none = None;
    let mut server = assert_cmd::Command::new(env!("CARGO_BIN_EXE_server"));
    server.timeout(none);
    server.output().unwrap(); //~ unbounded-wait
}

#[test]
fn as_the_alternative_of_an_option() {
    let mut server = Command::new("server").spawn().unwrap();
    let status = cached().or(Some(server.wait().unwrap())); //~ unbounded-wait
    assert!(status.is_some());
}
