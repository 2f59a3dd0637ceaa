use std::process::Command;
use std::time::Duration;

#[test]
fn fails_with_its_own_words() {
    let mut child = Command::new("worker").spawn().unwrap();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => break,
            Ok(Some(status)) => panic!("the worker failed: {status}"),
            Ok(None) => std::thread::sleep(Duration::from_millis(10)),
            Err(error) => panic!("no status: {error}"),
        }
    }
}
