use std::process::Command;
use std::time::Duration;

#[test]
fn ends_soon() {
    let mut child = Command::new("worker").spawn().unwrap();
    for _ in 0..100 {
        if child.try_wait().unwrap().is_some() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the worker did not end");
}
