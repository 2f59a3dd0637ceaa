use clock::Stopwatch;
use std::time::Duration;

#[test]
fn measures() {
    let watch = Stopwatch::default();
    std::thread::sleep(Duration::from_millis(100));
    assert!(watch.passed() >= Duration::from_millis(100));
}
