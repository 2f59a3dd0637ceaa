// The helper has the bounds as parameters.
use std::env;
use std::ops::RangeInclusive;
use std::time::Duration;

fn env_in(name: &str, default: u64, range: RangeInclusive<u64>) -> u64 {
    let value = env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default);
    value.clamp(*range.start(), *range.end())
}

#[test]
fn settles() {
    std::thread::sleep(Duration::from_secs(env_in("SETTLE_SECS", 3, 1..=60)));
}
