// The limit stands around the helper that waits.
use std::process::ExitStatus;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::timeout;

async fn drained(child: &mut Child) -> std::io::Result<ExitStatus> {
    child.wait().await
}

#[tokio::test]
async fn drains() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_server")).arg("--drain").kill_on_drop(true).spawn().unwrap();
    let status = timeout(Duration::from_secs(10), drained(&mut child)).await.expect("in time").unwrap();
    assert!(status.success());
}
