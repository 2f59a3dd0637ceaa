//! What the tests share.

use std::env;
use std::time::Duration;

pub fn seconds(name: &str, default: u64) -> u64 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

pub fn pause(seconds: u64) {
    std::thread::sleep(Duration::from_secs(seconds));
}
