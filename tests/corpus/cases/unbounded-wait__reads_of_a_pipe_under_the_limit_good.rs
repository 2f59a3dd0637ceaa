//! Each read of the child's output is the argument of a `timeout`.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_line_of_many() {
    let mut child = Command::new("server").stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(timeout(LIMIT, lines.next_line()).await.unwrap().unwrap().is_some());
}

#[tokio::test]
async fn a_line() {
    let mut child = Command::new("server").stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    timeout(LIMIT, reader.read_line(&mut line)).await.unwrap().unwrap();
}

#[tokio::test]
async fn everything() {
    let mut child = Command::new("server").stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut output = child.stdout.take().unwrap();
    let mut all = Vec::new();
    timeout(LIMIT, output.read_to_end(&mut all)).await.unwrap().unwrap();
}
