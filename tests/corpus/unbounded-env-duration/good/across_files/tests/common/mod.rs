//! What the tests share.

use std::time::Duration;

pub fn seconds(name: &str) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(5).min(60)
}

pub fn pause(seconds: u64) {
    std::thread::sleep(Duration::from_secs(seconds.min(60)));
}
