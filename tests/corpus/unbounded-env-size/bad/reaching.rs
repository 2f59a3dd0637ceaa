//! What a number of the environment may decide.

use std::collections::VecDeque;
use std::env;
use std::net::{SocketAddr, TcpListener};
use std::thread;

use tokio::runtime::Builder as RuntimeBuilder;

const STACK: &str = "TEST_STACK";

struct Load {
    clients: usize,
}

fn stress_factor() -> usize {
    match env::var("RUST_TEST_STRESS") { //~ unbounded-env-size
        Ok(text) => text.parse().unwrap(),
        Err(_) => 1,
    }
}

fn send(count: usize) {
    for number in 0..count {
        send_one(number);
    }
}

macro_rules! filled {
    ($name:literal) => {
        vec![0_u8; env::var($name).unwrap().parse().unwrap()] //~ unbounded-env-size
    };
}

#[test]
fn a_capacity() {
    let size: usize = env::var("BUFFER").unwrap().parse().unwrap(); //~ unbounded-env-size
    let buffer: Vec<u8> = Vec::with_capacity(size);
    fill(buffer);
}

#[test]
fn the_length_of_a_vector() {
    let size = env::var("BUFFER").ok().and_then(|text| text.parse().ok()).unwrap_or(4096); //~ unbounded-env-size
    fill(vec![0_u8; size]);
}

#[test]
fn the_length_of_a_text() {
    let size: usize = env::var("BODY").unwrap().parse().unwrap(); //~ unbounded-env-size
    post(&"x".repeat(size));
}

#[test]
fn a_size_set_later() {
    let mut queue = VecDeque::new();
    let size: usize = env::var("QUEUE").unwrap().parse().unwrap(); //~ unbounded-env-size
    queue.reserve(size);
    push(&mut queue, 1);
}

#[test]
fn the_stack_of_a_thread() {
    let builder = thread::Builder::new().stack_size(env::var(STACK).unwrap().parse().unwrap()); //~ unbounded-env-size
    builder.spawn(|| parse_deeply()).unwrap();
}

#[test]
fn the_threads_of_a_pool() {
    let mut pool = rayon::ThreadPoolBuilder::new();
    if let Ok(text) = env::var("RAYON_THREADS") { //~ unbounded-env-size
        pool = pool.num_threads(text.parse().unwrap());
    }
    pool.build_global().unwrap();
}

#[test]
fn the_workers_of_a_runtime() {
    let workers = env::var("WORKERS").map_or(4, |text| text.parse().unwrap()); //~ unbounded-env-size
    let runtime = RuntimeBuilder::new_multi_thread().worker_threads(workers).build().unwrap();
    runtime.block_on(serve());
}

#[test]
fn rounds() {
    let rounds: u64 = env::var("ROUNDS").unwrap().parse().unwrap(); //~ unbounded-env-size
    for round in 0..rounds {
        run_once(round);
    }
}

#[test]
fn rounds_from_a_helper() {
    for round in 1..=stress_factor() {
        run_once(round);
    }
}

#[test]
fn rounds_in_a_helper() {
    send(env::var("PACKETS").unwrap().parse().unwrap()); //~ unbounded-env-size
}

#[test]
fn rounds_of_an_iterator() {
    let clients: usize = env::var("CLIENTS").unwrap().parse().unwrap(); //~ unbounded-env-size
    let all: Vec<_> = (0..clients).map(connect).collect();
    join_all(all);
}

#[test]
fn rounds_counted_down() {
    let mut left: u64 = env::var("ROUNDS").unwrap().parse().unwrap(); //~ unbounded-env-size
    while left > 0 {
        run_once(left);
        left -= 1;
    }
}

#[test]
fn by_a_field() {
    let load = Load { clients: env::var("CLIENTS").unwrap().parse().unwrap() }; //~ unbounded-env-size
    let semaphore = tokio::sync::Semaphore::new(load.clients);
    limit(semaphore);
}

#[test]
fn the_size_of_a_channel() {
    let size: usize = env::var("CHANNEL").unwrap().parse().unwrap(); //~ unbounded-env-size
    let (sender, receiver) = std::sync::mpsc::sync_channel::<u8>(size);
    pass(sender, receiver);
}

#[test]
fn by_a_macro() {
    fill(filled!("BUFFER"));
}

#[test]
fn cases_of_a_property() {
    let cases: u32 = env::var("PROPERTY_CASES").unwrap().parse().unwrap(); //~ unbounded-env-size
    check_property(proptest::test_runner::Config::with_cases(cases));
}

#[test]
fn a_port_that_is_cut() {
    let port: u32 = env::var("PORT").unwrap().parse().unwrap(); //~ unbounded-env-size
    TcpListener::bind(("127.0.0.1", port as u16)).unwrap();
}

#[test]
fn a_port_that_is_cut_in_an_address() {
    let port = env::var("PORT").unwrap().parse::<usize>().unwrap(); //~ unbounded-env-size
    serve_on(SocketAddr::from(([127, 0, 0, 1], port as u16)));
}

#[test]
fn the_size_of_a_file() {
    let bytes: u64 = env::var("FILE_BYTES").unwrap().parse().unwrap(); //~ unbounded-env-size
    let file = tempfile::tempfile().unwrap();
    file.set_len(bytes).unwrap();
}

#[test]
fn only_from_below() {
    let size: usize = env::var("BUFFER").unwrap().parse().unwrap(); //~ unbounded-env-size
    fill(vec![0_u8; size.max(1024)]);
}

#[test]
fn multiplied_over_the_limit() {
    let mebibytes: u16 = env::var("MEBIBYTES").unwrap().parse().unwrap(); //~ unbounded-env-size
    fill(vec![0_u8; usize::from(mebibytes) * 1024 * 1024]);
}
