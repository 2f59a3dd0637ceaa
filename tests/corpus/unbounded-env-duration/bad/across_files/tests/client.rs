//! The number is read in one file and becomes a wait in another.

mod common;

use std::time::Duration;

#[test]
fn reads_elsewhere() {
    connect(Duration::from_secs(common::seconds("READ_TIMEOUT", 5))); //~ unbounded-env-duration
}

#[test]
fn waits_elsewhere() {
    common::pause(std::env::var("PAUSE").unwrap().parse().unwrap()); //~ unbounded-env-duration
}
