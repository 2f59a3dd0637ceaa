//! A store with a task that removes what is old.

use std::time::Duration;

/// A store.
pub struct Store;

impl Store {
    /// Starts the task.
    pub fn new() -> Self {
        tokio::spawn(async {
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        Self
    }

    /// Stores.
    pub async fn put(&self, _name: &str) {}

    /// Looks.
    pub async fn get(&self, _name: &str) -> Option<u8> {
        None
    }
}
