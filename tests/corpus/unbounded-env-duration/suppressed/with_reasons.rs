//! Accepted, with the reason.

use std::env;
use std::time::Duration;

#[test]
fn above() {
    // netns-lint: allow(unbounded-env-duration) a soak test runs for as long as the person in front of it wants
    let hours: u64 = env::var("SOAK_HOURS").unwrap().parse().unwrap(); //~ unbounded-env-duration
    soak(Duration::from_secs(hours * 3600));
}

#[test]
fn behind() {
    let seconds = env::var("T").unwrap(); // netns-lint: allow(unbounded-env-duration) the runner has a limit of its own //~ unbounded-env-duration
    connect(Duration::from_secs(seconds.parse().unwrap()));
}
