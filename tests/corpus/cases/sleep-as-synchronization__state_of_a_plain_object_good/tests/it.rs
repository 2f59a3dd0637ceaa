use product::Cache;
use std::time::Duration;

#[test]
fn counts() {
    let cache = Cache::new();
    std::thread::sleep(Duration::from_millis(10));
    assert_eq!(cache.count(), 0);
}
