// rstest's attribute limits the whole test.
use std::time::Duration;

use rstest::rstest;
use tokio::process::Command;

#[rstest]
#[timeout(Duration::from_secs(10))]
#[tokio::test]
async fn drains() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_server")).arg("--drain").kill_on_drop(true).spawn().unwrap();
    assert!(child.wait().await.unwrap().success());
}
