//! The limit is around the read before; the second read has none.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

#[tokio::test]
async fn two_lines() {
    let mut child = Command::new("server").stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(timeout(Duration::from_secs(5), lines.next_line()).await.unwrap().unwrap().is_some());
    assert!(lines.next_line().await.unwrap().is_some());
}
