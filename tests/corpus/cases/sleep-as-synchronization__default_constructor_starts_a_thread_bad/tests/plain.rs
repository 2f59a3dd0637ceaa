use counter::Counter;
use std::time::Duration;

#[test]
fn counts() {
    let counter = Counter::default();
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(counter.get(), 1);
}
