use std::ops::RangeInclusive;
use std::time::Duration;

fn setting(name: &str, range: &RangeInclusive<u64>) -> u64 {
    let value: u64 = std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    value.max(*range.start()).min(*range.end())
}

#[test]
fn settles() {
    std::thread::sleep(Duration::from_secs(setting("SETTLE", &(1..=30))));
}
