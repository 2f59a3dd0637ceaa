use std::time::{Duration, Instant};
#[test]
fn passes() {
    let start = Instant::now();
    std::thread::sleep(Duration::from_millis(20));
    assert!(start.elapsed() >= Duration::from_millis(20));
}
