//! Assertions about the work of a task of the program.

use std::time::Duration;

use case::Store;

#[tokio::test]
async fn removes_what_is_old() {
    let store = Store::new();
    store.put("a").await;
    tokio::time::sleep(Duration::from_millis(1500)).await; //~ sleep-as-synchronization
    assert_eq!(store.get("a").await, None);
    tokio::time::sleep(Duration::from_millis(500)).await; //~ sleep-as-synchronization
    let left = store.get("b").await;
    assert!(left.is_none());
}
