//! Every way to give a number two ends.

use std::env;
use std::num::NonZeroU8;
use std::time::Duration;

use netns_fixtures::config::{Setting, Unit};

const LONGEST: u64 = 60;

static READ_TIMEOUT: Setting<Duration> = Setting::duration(
    "READ_TIMEOUT",
    "how long a reply may take",
    Unit::Seconds,
    Duration::from_secs(5),
    Duration::from_secs(1)..=Duration::from_secs(60),
);

fn bounded(seconds: u64) -> u64 {
    seconds.clamp(1, LONGEST)
}

#[test]
fn clamped() {
    let seconds: u64 = env::var("T").unwrap().parse().unwrap();
    connect(Duration::from_secs(seconds.clamp(1, LONGEST)));
}

#[test]
fn the_lesser_of_two() {
    let seconds: u64 = env::var("T").unwrap().parse().unwrap();
    connect(Duration::from_secs(seconds.min(LONGEST)));
    connect(Duration::from_secs(std::cmp::min(LONGEST, seconds)));
}

#[test]
fn the_lesser_of_two_durations() {
    let asked = Duration::from_secs(env::var("T").unwrap().parse().unwrap());
    connect(asked.min(Duration::from_secs(60)));
}

#[test]
fn by_its_type() {
    let seconds = env::var("T").unwrap().parse::<u8>().unwrap();
    connect(Duration::from_secs(seconds.into()));
    let seconds: NonZeroU8 = env::var("T").unwrap().parse().unwrap();
    connect(Duration::from_secs(seconds.get().into()));
}

#[test]
fn by_a_smaller_type() {
    let seconds: u64 = env::var("T").unwrap().parse().unwrap();
    let seconds = u8::try_from(seconds).expect("at most 255 seconds");
    connect(Duration::from_secs(seconds.into()));
}

#[test]
fn by_a_guard() {
    let seconds: u64 = env::var("T").unwrap().parse().unwrap();
    if seconds > 60 {
        return;
    }
    connect(Duration::from_secs(seconds));
}

#[test]
fn by_an_assertion() {
    let seconds: u64 = env::var("T").unwrap().parse().unwrap();
    assert!(seconds <= 60, "T={seconds}");
    connect(Duration::from_secs(seconds));
}

#[test]
fn by_an_assertion_over_a_range() {
    let seconds: u64 = env::var("T").unwrap().parse().unwrap();
    assert!((1..=LONGEST).contains(&seconds));
    connect(Duration::from_secs(seconds));
}

#[test]
fn by_a_pattern() {
    let seconds = match env::var("T").unwrap().parse::<u64>() {
        Ok(seconds @ 1..=60) => seconds,
        _ => 5,
    };
    connect(Duration::from_secs(seconds));
}

#[test]
fn by_a_pattern_that_panics_else() {
    let seconds: u64 = env::var("T").unwrap().parse().unwrap();
    match seconds {
        1..=60 => connect(Duration::from_secs(seconds)),
        other => panic!("{other} seconds"),
    }
}

#[test]
fn by_matches() {
    let seconds: u64 = env::var("T").unwrap().parse().unwrap();
    assert!(matches!(seconds, 1..=60));
    connect(Duration::from_secs(seconds));
}

#[test]
fn by_a_match_guard() {
    let seconds = match env::var("T").unwrap().parse::<u64>() {
        Ok(seconds) if seconds < 60 => seconds,
        _ => 5,
    };
    connect(Duration::from_secs(seconds));
}

#[test]
fn by_a_filter() {
    let seconds = env::var("T").ok().and_then(|text| text.parse::<u64>().ok()).filter(|seconds| *seconds < 100);
    connect(Duration::from_secs(seconds.unwrap_or(5)));
}

#[test]
fn by_then_some() {
    let seconds = env::var("T").ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = seconds.and_then(|seconds| (seconds <= 60).then_some(seconds)).unwrap_or(5);
    connect(Duration::from_secs(seconds));
}

#[test]
fn by_a_branch() {
    let seconds: u64 = env::var("T").unwrap().parse().unwrap();
    let seconds = if seconds > 60 { 60 } else { seconds };
    connect(Duration::from_secs(seconds));
}

#[test]
fn by_another_function() {
    connect(Duration::from_secs(bounded(env::var("T").unwrap().parse().unwrap())));
}

#[test]
fn by_a_remainder() {
    let seconds: u64 = env::var("T").unwrap().parse().unwrap();
    connect(Duration::from_secs(seconds % 60));
}

#[test]
fn by_an_error() -> anyhow::Result<()> {
    let seconds: u64 = env::var("T")?.parse()?;
    anyhow::ensure!(seconds <= 60, "T={seconds}");
    connect(Duration::from_secs(seconds));
    Ok(())
}

#[test]
fn by_an_early_error() -> anyhow::Result<()> {
    let seconds: u64 = env::var("T")?.parse()?;
    if !(1..=60).contains(&seconds) {
        anyhow::bail!("T={seconds}");
    }
    connect(Duration::from_secs(seconds));
    Ok(())
}

#[test]
fn by_a_setting() {
    connect(READ_TIMEOUT.read().unwrap());
}

#[test]
fn with_a_pause_at_least() {
    let millis: u8 = env::var("POLL_MS").unwrap().parse().unwrap();
    while !is_ready() {
        std::thread::sleep(Duration::from_millis(u64::from(millis).max(1)));
    }
}
