//! The environment is asked, but decides no length of time.

use std::env;
use std::time::Duration;

#[test]
fn whether_a_variable_is_there() {
    let seconds = if env::var_os("CI").is_some() { 60 } else { 5 };
    connect(Duration::from_secs(seconds));
}

#[test]
fn whether_it_is_there_by_map() {
    let timeout = env::var("CI").map_or(Duration::from_secs(5), |_| Duration::from_secs(60));
    connect(timeout);
}

#[test]
fn whether_it_is_there_by_match() {
    let seconds = match env::var("CI") {
        Ok(_) => 60,
        Err(_) => 5,
    };
    connect(Duration::from_secs(seconds));
}

#[test]
fn which_of_a_few() {
    let seconds = match env::var("SPEED").as_deref() {
        Ok("slow") => 60,
        Ok("fast") => 1,
        _ => 5,
    };
    connect(Duration::from_secs(seconds));
}

#[test]
fn which_of_two() {
    let slow = env::var("SPEED").is_ok_and(|speed| speed == "slow");
    connect(Duration::from_secs(5 * if slow { 10 } else { 1 }));
}

#[test]
fn what_is_asked_for_in_that_time() {
    let host = env::var("HOST").unwrap();
    answer_of(&host, Duration::from_secs(5));
}

#[test]
fn how_long_its_text_is() {
    let name = env::var("NAME").unwrap();
    connect(Duration::from_millis(10 + (name.len() as u64).min(100)));
}

#[test]
fn a_number_that_is_only_shown() {
    let seed: u64 = env::var("SEED").unwrap().parse().unwrap();
    println!("seed {seed}, after {:?}", Duration::from_secs(1));
}

#[test]
fn a_constant() {
    const SECONDS: u64 = 3600;
    connect(Duration::from_secs(SECONDS));
}

#[tokio::test]
async fn beside_a_limit() {
    let mut channel = Channel::new(&env::var("BROKER").unwrap());
    tokio::time::timeout(Duration::from_secs(5), channel.next()).await.unwrap();
}
