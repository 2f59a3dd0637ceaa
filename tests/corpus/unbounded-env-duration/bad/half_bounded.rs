//! Checks that leave one side open, or look at something else.

use std::env;
use std::thread;
use std::time::Duration;

#[test]
fn only_from_below() {
    let seconds: u64 = env::var("T").unwrap().parse().unwrap(); //~ unbounded-env-duration
    connect(Duration::from_secs(seconds.max(1)));
}

#[test]
fn only_not_zero() {
    let seconds: u64 = env::var("T").unwrap().parse().unwrap(); //~ unbounded-env-duration
    if seconds == 0 {
        panic!("T must not be 0");
    }
    connect(Duration::from_secs(seconds));
}

#[test]
fn by_a_guard_from_below() {
    let seconds = match env::var("T").unwrap().parse::<u64>() { //~ unbounded-env-duration
        Ok(seconds) if seconds > 0 => seconds,
        _ => 5,
    };
    connect(Duration::from_secs(seconds));
}

#[test]
fn of_another_variable() {
    let seconds: u64 = env::var("T").unwrap().parse().unwrap(); //~ unbounded-env-duration
    let retries: u64 = 3;
    assert!(retries < 10);
    connect(Duration::from_secs(seconds));
}

#[test]
fn after_the_wait() {
    let seconds: u64 = env::var("T").unwrap().parse().unwrap(); //~ unbounded-env-duration
    thread::sleep(Duration::from_secs(seconds));
    assert!(seconds < 60);
}

#[test]
fn in_one_branch() {
    let mut seconds: u64 = env::var("T").unwrap().parse().unwrap(); //~ unbounded-env-duration
    if cfg!(miri) {
        seconds = seconds.min(5);
    }
    connect(Duration::from_secs(seconds));
}

#[test]
fn far_too_high() {
    let seconds: u64 = env::var("T").unwrap().parse().unwrap(); //~ unbounded-env-duration
    connect(Duration::from_secs(seconds.min(86_400)));
}

#[test]
fn without_a_pause() {
    let millis: u8 = env::var("POLL_MS").unwrap().parse().unwrap(); //~ unbounded-env-duration
    while !is_ready() {
        thread::sleep(Duration::from_millis(millis.into()));
    }
}

#[tokio::test]
async fn without_a_period() {
    let millis: u16 = env::var("TICK_MS").unwrap().parse().unwrap(); //~ unbounded-env-duration
    let mut ticks = tokio::time::interval(Duration::from_millis(millis.into()));
    ticks.tick().await;
}
