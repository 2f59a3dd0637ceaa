use std::process::Command;
use std::time::Duration;

#[test]
fn refuses() {
    let mut child = Command::new("worker").spawn().unwrap();
    let mut status = None;
    while status.is_none() {
        status = child.try_wait().unwrap();
        std::thread::sleep(Duration::from_millis(10));
    }
    if status.unwrap().success() {
        panic!("the worker did not refuse");
    }
}
