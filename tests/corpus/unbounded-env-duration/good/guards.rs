//! Bounds that are said elsewhere: by types, branches, arms, helpers and declarations.

use std::env;
use std::num::NonZero;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::thread;
use std::time::Duration;

const ALLOWED: RangeInclusive<u64> = 1..=60;

type Seconds = u8;

struct Limits {
    short: u8,
    long: u64,
}

#[derive(clap::Parser)]
struct Arguments {
    #[arg(long, env = "ATTEMPT", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    attempt: u64,
}

fn env_or<T: FromStr>(name: &str, default: T) -> T {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn number() -> u64 {
    env::var("PAUSE").unwrap().parse().unwrap()
}

fn checked(seconds: u64) -> Result<u64, String> {
    if seconds > 60 {
        return Err(format!("{seconds} s are too long"));
    }
    Ok(seconds)
}

fn at_most(name: &str, default: u64, longest: u64) -> u64 {
    env::var(name).ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or(default).min(longest)
}

fn refused_above(longest: u64) -> Result<u64, String> {
    let seconds = number();
    if seconds > longest {
        return Err(format!("{seconds} s are too long"));
    }
    Ok(seconds)
}

macro_rules! bounded {
    ($name:expr, $longest:expr) => {
        env::var($name).unwrap().parse::<u64>().unwrap().min($longest)
    };
}

fn some(seconds: u64) -> Option<u64> {
    if seconds > 60 { None } else { Some(seconds) }
}

#[test]
fn by_the_type_that_the_call_names() {
    thread::sleep(Duration::from_secs(env_or::<u8>("PAUSE", 5).into()));
}

#[test]
fn by_a_type_that_is_not_zero() {
    let seconds: NonZero<u8> = env::var("PAUSE").unwrap().parse().unwrap();
    thread::sleep(Duration::from_secs(seconds.get().into()));
}

#[test]
fn by_the_type_that_reads_it() {
    let seconds = u8::from_str(&env::var("PAUSE").unwrap()).unwrap();
    thread::sleep(Duration::from_secs(seconds.into()));
}

#[test]
fn by_a_type_with_another_name() {
    let seconds: Seconds = env::var("PAUSE").unwrap().parse().unwrap();
    thread::sleep(Duration::from_secs(seconds.into()));
}

#[test]
fn by_the_type_of_a_field() {
    let limits = Limits { short: env::var("PAUSE").unwrap().parse().unwrap(), long: 1 };
    thread::sleep(Duration::from_secs(limits.short.into()));
}

#[test]
fn by_a_guard_of_a_field() {
    let limits = Limits { short: 1, long: env::var("PAUSE").unwrap().parse().unwrap() };
    assert!(limits.long <= 60);
    thread::sleep(Duration::from_secs(limits.long));
}

#[test]
fn by_the_parser_of_the_command_line() {
    thread::sleep(Duration::from_secs(Arguments::parse().attempt));
}

#[test]
fn by_a_helper_that_refuses() {
    thread::sleep(Duration::from_secs(checked(number()).unwrap()));
}

#[test]
fn by_a_helper_that_gives_nothing() {
    thread::sleep(Duration::from_secs(some(number()).unwrap_or(5)));
}

#[test]
fn by_a_limit_that_a_helper_gets() {
    thread::sleep(Duration::from_secs(at_most("PAUSE", 5, 60)));
}

#[test]
fn by_a_limit_above_which_a_helper_refuses() {
    thread::sleep(Duration::from_secs(refused_above(60).unwrap()));
}

#[test]
fn by_a_limit_that_a_macro_gets() {
    thread::sleep(Duration::from_secs(bounded!("PAUSE", 60)));
}

#[test]
fn by_a_constant_range() {
    let seconds = number();
    if !ALLOWED.contains(&seconds) {
        panic!("{seconds} s are not allowed");
    }
    thread::sleep(Duration::from_secs(seconds));
}

#[test]
fn by_a_new_value_in_a_branch() {
    let mut seconds = number();
    if seconds == 0 || seconds > 60 {
        seconds = 60;
    }
    thread::sleep(Duration::from_secs(seconds));
}

#[test]
fn by_branches_one_after_the_other() {
    let seconds = number();
    let seconds = if seconds < 1 {
        1
    } else if seconds > 60 {
        60
    } else {
        seconds
    };
    thread::sleep(Duration::from_secs(seconds));
}

#[test]
fn by_the_arm_before() {
    let seconds = match env::var("PAUSE").unwrap().parse::<u64>() {
        Ok(seconds) if seconds > 60 => 60,
        Ok(seconds) => seconds,
        Err(_) => 5,
    };
    thread::sleep(Duration::from_secs(seconds));
}

#[test]
fn by_what_the_arms_before_have_taken() {
    let seconds = match number() {
        0 => 1,
        61.. => 60,
        seconds => seconds,
    };
    thread::sleep(Duration::from_secs(seconds));
}

#[test]
fn by_a_duration_that_is_looked_at() {
    let pause = Duration::from_secs(number());
    assert!(pause <= Duration::from_secs(60));
    thread::sleep(pause);
}

#[test]
fn by_less_than_a_bounded_number() {
    thread::sleep(Duration::from_secs(number().min(60).saturating_sub(1)));
}
