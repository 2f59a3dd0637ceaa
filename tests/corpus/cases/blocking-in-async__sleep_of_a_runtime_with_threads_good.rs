use std::{thread, time::Duration};
#[test]
fn waits() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async { thread::sleep(Duration::from_millis(5)); });
}
