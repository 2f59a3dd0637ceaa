//! Numbers that take a way round: through objects, closures, statics, settings of other crates.

use std::env;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

struct Limits {
    reply: u64,
    pause: u64,
}

impl Limits {
    fn from_env() -> Self {
        Limits {
            reply: env::var("REPLY").unwrap().parse().unwrap(), //~ unbounded-env-duration
            pause: 5,
        }
    }

    fn reply(&self) -> Duration {
        Duration::from_secs(self.reply)
    }

    fn pause(&self) -> Duration {
        Duration::from_secs(self.pause)
    }
}

fn wait_for(limits: &Limits) {
    thread::sleep(Duration::from_secs(limits.pause));
}

struct Seconds(u64);

fn at_most(name: &str, default: u64, longest: u64) -> u64 {
    env::var(name).ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or(default).min(longest) //~ unbounded-env-duration
}

macro_rules! pause {
    ($seconds:expr) => {
        thread::sleep(Duration::from_secs($seconds))
    };
    ($count:expr, $unit:expr $(,)?) => {
        thread::sleep($unit * $count)
    };
}

lazy_static::lazy_static! {
    static ref PATIENCE: u64 = env::var("PATIENCE").unwrap().parse().unwrap(); //~ unbounded-env-duration
}

static DEADLINE: OnceLock<u64> = OnceLock::new();

#[derive(clap::Parser)]
struct Arguments {
    #[arg(long, env = "ATTEMPT", default_value_t = 5)] //~ unbounded-env-duration
    attempt: u64,
}

#[test]
fn by_a_method_of_an_object() {
    let limits = Limits::from_env();
    thread::sleep(limits.reply());
    thread::sleep(limits.pause());
}

#[test]
fn by_a_reference_to_an_object() {
    let limits = Limits { reply: 1, pause: env::var("PAUSE").unwrap().parse().unwrap() }; //~ unbounded-env-duration
    wait_for(&limits);
}

#[test]
fn by_a_tuple_struct() {
    let Seconds(seconds) = Seconds(env::var("PAUSE").unwrap().parse().unwrap()); //~ unbounded-env-duration
    thread::sleep(Duration::from_secs(seconds));
}

#[test]
fn by_a_closure() {
    let pause = |seconds: u64| thread::sleep(Duration::from_secs(seconds));
    pause(1);
    pause(env::var("PAUSE").unwrap().parse().unwrap()); //~ unbounded-env-duration
}

#[test]
fn by_a_macro_that_waits() {
    pause!(1);
    pause!(env::var("PAUSE").unwrap().parse().unwrap()); //~ unbounded-env-duration
}

#[test]
fn by_a_limit_that_is_none() {
    thread::sleep(Duration::from_secs(at_most("PAUSE", 5, 1_000_000)));
}

#[test]
fn by_a_lazy_static() {
    thread::sleep(Duration::from_secs(*PATIENCE));
}

#[test]
fn by_a_cell_that_is_filled_once() {
    let read = || env::var("DEADLINE").unwrap().parse().unwrap(); //~ unbounded-env-duration
    thread::sleep(Duration::from_secs(*DEADLINE.get_or_init(read)));
}

#[test]
fn by_a_parser_of_the_command_line() {
    let arguments = Arguments::parse();
    thread::sleep(Duration::from_secs(arguments.attempt));
}

#[test]
fn by_a_struct_of_the_environment() {
    let config: Config = envy::prefixed("TEST_").from_env().unwrap(); //~ unbounded-env-duration
    thread::sleep(Duration::from_secs(config.timeout));
}

#[test]
fn by_layers_of_settings() {
    let figment = Figment::new().merge(figment::providers::Env::prefixed("TEST_")); //~ unbounded-env-duration
    let config: Config = figment.extract().unwrap();
    thread::sleep(Duration::from_secs(config.timeout));
}

#[test]
fn by_a_conversion_that_may_fail() {
    let seconds: f64 = env::var("PAUSE").unwrap().parse().unwrap(); //~ unbounded-env-duration
    thread::sleep(Duration::try_from_secs_f64(seconds).unwrap());
}

#[test]
fn by_a_power() {
    let attempts: u32 = env::var("ATTEMPTS").unwrap().parse().unwrap(); //~ unbounded-env-duration
    thread::sleep(Duration::from_secs(2_u64.pow(attempts)));
}

#[test]
fn bounded_in_another_branch() {
    let seconds: u64 = env::var("PAUSE").unwrap().parse().unwrap(); //~ unbounded-env-duration
    if is_slow() {
        assert!(seconds <= 60);
    }
    thread::sleep(Duration::from_secs(seconds));
}

#[test]
fn bounded_in_another_arm() {
    let seconds: u64 = env::var("PAUSE").unwrap().parse().unwrap(); //~ unbounded-env-duration
    match kind() {
        0 if seconds <= 60 => work(),
        _ => {}
    }
    thread::sleep(Duration::from_secs(seconds));
}

#[test]
fn only_a_warning() {
    let seconds: u64 = env::var("PAUSE").unwrap().parse().unwrap(); //~ unbounded-env-duration
    if seconds == 0 || seconds > 60 {
        eprintln!("an odd pause");
    }
    thread::sleep(Duration::from_secs(seconds));
}
