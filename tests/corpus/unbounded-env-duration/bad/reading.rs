//! The ways in which a number comes out of the environment.

use std::env;
use std::env::var as setting;
use std::sync::{LazyLock, OnceLock};
use std::time::Duration;

const VARIABLE: &str = "READ_TIMEOUT";

static PROCESS_TIMEOUT: LazyLock<Duration> = LazyLock::new(|| {
    Duration::from_secs(env::var("PROCESS_TIMEOUT").ok().and_then(|text| text.parse().ok()).unwrap_or(20)) //~ unbounded-env-duration
});

static GRACE: OnceLock<Duration> = OnceLock::new();

#[test]
fn in_one_expression() {
    let timeout = Duration::from_secs(env::var("READ_TIMEOUT").unwrap().parse().unwrap()); //~ unbounded-env-duration
    connect(timeout);
}

#[test]
fn by_another_name() {
    let seconds: u64 = setting("READ_TIMEOUT").unwrap().parse().unwrap(); //~ unbounded-env-duration
    connect(Duration::from_secs(seconds));
}

#[test]
fn by_a_constant_name() {
    let seconds = env::var(VARIABLE).map_or(5.0, |text| text.parse().expect("a number")); //~ unbounded-env-duration
    connect(Duration::from_secs_f64(seconds));
}

#[test]
fn as_os_string() {
    let text = env::var_os("READ_TIMEOUT").unwrap().into_string().unwrap(); //~ unbounded-env-duration
    connect(Duration::from_millis(text.trim().parse().unwrap()));
}

#[test]
fn into_a_variable_outside() {
    let mut attempts_for = 5;
    if let Ok(text) = env::var("RETRY_SECONDS") { //~ unbounded-env-duration
        attempts_for = text.parse().unwrap();
    }
    retry(Duration::from_secs(attempts_for));
}

#[test]
fn by_a_match() {
    let millis = match env::var("POLL_MS") { //~ unbounded-env-duration
        Ok(text) => text.parse::<u64>().unwrap(),
        Err(env::VarError::NotPresent) => 100,
        Err(error) => panic!("{error}"),
    };
    poll(Duration::from_millis(millis));
}

#[test]
fn with_let_else() {
    let Ok(text) = std::env::var("DEADLINE") else { return }; //~ unbounded-env-duration
    let Ok(seconds) = text.parse::<u32>() else { panic!("DEADLINE={text}") };
    connect(Duration::from_secs(seconds.into()));
}

#[test]
fn in_a_static() {
    connect(*PROCESS_TIMEOUT);
    let grace = GRACE.get_or_init(|| Duration::from_secs(env::var("GRACE").unwrap().parse().unwrap())); //~ unbounded-env-duration
    connect(*grace);
}

#[test]
fn among_all_variables() {
    for (name, value) in env::vars() { //~ unbounded-env-duration
        if name == "READ_TIMEOUT" {
            connect(Duration::from_secs(value.parse().unwrap()));
        }
    }
}

#[test]
fn from_a_file_of_variables() {
    let seconds = dotenvy::var("READ_TIMEOUT").unwrap().parse::<u64>().unwrap(); //~ unbounded-env-duration
    connect(Duration::from_secs(seconds));
}

#[test]
fn when_the_test_is_built() {
    let seconds = option_env!("READ_TIMEOUT").map(|text| text.parse().unwrap()).unwrap_or(5); //~ unbounded-env-duration
    connect(Duration::from_secs(seconds));
}

#[test]
fn as_a_list() {
    let steps = env::var("BACKOFF").unwrap(); //~ unbounded-env-duration
    for step in steps.split(',') {
        std::thread::sleep(Duration::from_millis(step.parse().unwrap()));
    }
}

#[test]
fn by_a_local_closure() {
    let from_environment = |name: &str, default: u64| -> u64 {
        env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default) //~ unbounded-env-duration
    };
    connect(Duration::from_secs(from_environment("READ_TIMEOUT", 5)));
}

#[tokio::test]
async fn with_a_question_mark() -> Result<(), Box<dyn std::error::Error>> {
    let seconds: u64 = env::var("READ_TIMEOUT")?.parse()?; //~ unbounded-env-duration
    tokio::time::timeout(Duration::from_secs(seconds), serve()).await?;
    Ok(())
}
