//! The bound stands in another file than the reading, or the wait.

mod common;

use std::time::Duration;

#[test]
fn is_read_with_a_bound() {
    connect(Duration::from_secs(common::seconds("READ_TIMEOUT")));
}

#[test]
fn is_waited_for_with_a_bound() {
    common::pause(std::env::var("PAUSE").unwrap().parse().unwrap());
}
