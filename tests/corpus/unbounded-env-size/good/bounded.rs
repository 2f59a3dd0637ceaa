//! Numbers with two ends, and numbers that decide no size.

use std::env;
use std::net::TcpListener;

use netns_fixtures::config::Setting;

const MOST: usize = 64;

static CLIENTS: Setting<u64> = Setting::integer("CLIENTS", "how many connect at once", 8, 1..=256);

#[test]
fn the_lesser_of_two() {
    let size: usize = env::var("N").unwrap().parse().unwrap();
    fill(vec![0_u8; size.min(MOST)]);
}

#[test]
fn clamped_and_bound_again() {
    let workers: usize = env::var("N").unwrap().parse().unwrap();
    let workers = workers.clamp(1, MOST);
    for worker in 0..workers {
        start(worker);
    }
}

#[test]
fn by_its_type() {
    let rounds: u16 = env::var("N").unwrap().parse().unwrap();
    for round in 0..rounds {
        run_once(round);
    }
}

#[test]
fn by_an_assertion() {
    let size: usize = env::var("N").unwrap().parse().unwrap();
    assert!(size < 100, "N={size}");
    fill(Vec::<u8>::with_capacity(size));
}

#[test]
fn by_a_guard() {
    let size: usize = env::var("N").unwrap().parse().unwrap();
    if size > MOST {
        panic!("N={size} is more than {MOST}");
    }
    fill(vec![0_u8; size]);
}

#[test]
fn by_a_remainder() {
    let seed: usize = env::var("SEED").unwrap().parse().unwrap();
    for round in 0..seed % 16 {
        run_once(round);
    }
}

#[test]
fn by_take() {
    let rounds: usize = env::var("N").unwrap().parse().unwrap();
    for round in (0..rounds).take(MOST) {
        run_once(round);
    }
}

#[test]
fn by_a_smaller_type() {
    let rounds: u64 = env::var("N").unwrap().parse().unwrap();
    let rounds = u16::try_from(rounds).unwrap_or(u16::MAX);
    for round in 0..rounds {
        run_once(round);
    }
}

#[test]
fn by_a_match() {
    let workers = match env::var("N").unwrap().parse::<usize>() {
        Ok(few @ 1..=8) => few,
        Ok(_) => 8,
        Err(error) => panic!("{error}"),
    };
    tokio::runtime::Builder::new_multi_thread().worker_threads(workers);
}

#[test]
fn whether_it_is_there() {
    let rounds = if env::var_os("SLOW").is_some() { 1_000 } else { 10 };
    for round in 0..rounds {
        run_once(round);
    }
}

#[test]
fn the_length_of_its_text() {
    let name = env::var("NAME").unwrap();
    let mut greeting = String::with_capacity(name.len() + 7);
    greeting.push_str("hello, ");
    greet(&greeting);
}

#[test]
fn its_words() {
    for word in env::var("WORDS").unwrap().split(',') {
        run_once(word);
    }
}

#[test]
fn a_port_by_its_type() {
    let port: u16 = env::var("PORT").unwrap().parse().unwrap();
    TcpListener::bind(("127.0.0.1", port)).unwrap();
}

#[test]
fn a_port_that_is_checked_before_it_is_cut() {
    let port: u32 = env::var("PORT").unwrap().parse().unwrap();
    assert!(port < 65_536);
    TcpListener::bind(("127.0.0.1", port as u16)).unwrap();
}

#[test]
fn by_a_setting() {
    for client in 0..CLIENTS.read().unwrap() {
        connect(client);
    }
}

#[test]
fn a_constant() {
    fill(Vec::<u8>::with_capacity(1 << 20));
}

#[test]
fn a_number_that_is_only_compared() {
    let expected: usize = env::var("EXPECTED").unwrap().parse().unwrap();
    assert_eq!(count(), expected);
}
