//! The ways in which a number becomes a wait.

use std::env;
use std::thread;
use std::time::{Duration, Instant};

struct Settings {
    read_timeout: u64,
}

fn number(name: &str) -> u64 {
    env::var(name).unwrap().parse().unwrap() //~ unbounded-env-duration
}

fn wait_for(seconds: u64) {
    thread::sleep(Duration::from_secs(seconds));
}

macro_rules! seconds {
    ($name:expr) => {
        Duration::from_secs(env::var($name).unwrap().parse().unwrap()) //~ unbounded-env-duration
    };
}

#[test]
fn by_a_field() {
    let settings = Settings { read_timeout: env::var("READ_TIMEOUT").unwrap().parse().unwrap() }; //~ unbounded-env-duration
    connect(Duration::from_millis(settings.read_timeout));
}

#[test]
fn by_a_helper_that_reads() {
    connect(Duration::from_secs(number("READ_TIMEOUT")));
}

#[test]
fn by_a_helper_that_waits() {
    wait_for(env::var("PAUSE").unwrap().parse().unwrap()); //~ unbounded-env-duration
}

#[test]
fn by_a_macro() {
    connect(seconds!("READ_TIMEOUT"));
}

#[test]
fn in_a_macro() {
    assert_eq!(answer_within(Duration::from_secs(env::var("T").unwrap().parse().unwrap())), 42); //~ unbounded-env-duration
}

#[test]
fn as_two_numbers() {
    let seconds: u64 = env::var("READ_TIMEOUT").unwrap().parse().unwrap(); //~ unbounded-env-duration
    connect(Duration::new(seconds, 0));
}

#[test]
fn as_a_factor() {
    let slowness: u32 = env::var("SLOWNESS").unwrap().parse().unwrap(); //~ unbounded-env-duration
    connect(Duration::from_secs(5) * slowness);
}

#[test]
fn as_a_floating_factor() {
    let slowness: f64 = env::var("SLOWNESS").unwrap().parse().unwrap(); //~ unbounded-env-duration
    connect(Duration::from_secs(5).mul_f64(slowness));
}

#[test]
fn as_a_text_with_a_unit() {
    let text = env::var("READ_TIMEOUT").unwrap(); //~ unbounded-env-duration
    connect(humantime::parse_duration(&text).unwrap());
}

#[test]
fn as_a_text_with_a_unit_by_type() {
    let timeout = env::var("READ_TIMEOUT").unwrap().parse::<humantime::Duration>().unwrap(); //~ unbounded-env-duration
    connect(timeout.into());
}

#[test]
fn as_a_deadline() {
    let deadline = Instant::now() + Duration::from_secs(env::var("T").unwrap().parse().unwrap()); //~ unbounded-env-duration
    while Instant::now() < deadline {
        thread::yield_now();
    }
}

#[test]
fn as_minutes() {
    let minutes: u16 = env::var("MINUTES").unwrap().parse().unwrap(); //~ unbounded-env-duration
    connect(Duration::from_secs(u64::from(minutes) * 60));
}

#[test]
fn as_days() {
    let days: i64 = env::var("DAYS").unwrap().parse().unwrap(); //~ unbounded-env-duration
    connect(chrono::Duration::days(days));
}

#[test]
fn of_a_socket() {
    let stream = accepted();
    let millis = env::var("READ_TIMEOUT_MS").ok().and_then(|text| text.parse().ok()).unwrap_or(500); //~ unbounded-env-duration
    stream.set_read_timeout(Some(Duration::from_millis(millis))).unwrap();
}

#[test]
fn of_a_client_that_takes_a_number() {
    let millis: u32 = env::var("CLIENT_TIMEOUT").unwrap().parse().unwrap(); //~ unbounded-env-duration
    Client::builder().connect_timeout(millis).build();
}
