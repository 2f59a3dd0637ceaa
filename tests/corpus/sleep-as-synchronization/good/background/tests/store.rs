//! Clocks that stand still, and limits around a poll.

use std::time::Duration;

use case::Store;

#[tokio::test(start_paused = true)]
async fn with_a_paused_clock() {
    let store = Store::new();
    store.put("a").await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(store.get("a").await, None);
}

#[tokio::test]
async fn after_the_clock_was_paused() {
    tokio::time::pause();
    let store = Store::new();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(store.get("a").await, None);
}

#[tokio::test]
async fn until_it_is_gone() {
    let store = Store::new();
    let gone = async {
        while store.get("a").await.is_some() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), gone).await.unwrap();
}
