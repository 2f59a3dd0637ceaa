use std::process::Command;
use std::time::{Duration, Instant};

#[test]
fn ends_soon() {
    let mut child = Command::new("worker").spawn().unwrap();
    let start = Instant::now();
    loop {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        if start.elapsed() > Duration::from_secs(5) {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("the worker did not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
