//! Counts of iterators that have no end of their own, or go another way.

use std::env;
use std::iter;

struct Load {
    clients: usize,
}

fn clients() -> usize {
    env::var("CLIENTS").unwrap().parse().unwrap() //~ unbounded-env-size
}

fn room(load: &Load) -> Vec<u8> {
    Vec::with_capacity(load.clients)
}

#[test]
fn taken_of_all_numbers() {
    for number in (0..).take(clients()) {
        connect(number);
    }
}

#[test]
fn taken_of_the_same() {
    let count: usize = env::var("CLIENTS").unwrap().parse().unwrap(); //~ unbounded-env-size
    let all: Vec<u8> = iter::repeat(0).take(count).collect();
    send(all);
}

#[test]
fn backwards() {
    let count: u64 = env::var("CLIENTS").unwrap().parse().unwrap(); //~ unbounded-env-size
    for number in (0..count).rev() {
        connect(number);
    }
}

#[test]
fn every_second() {
    let count: u64 = env::var("CLIENTS").unwrap().parse().unwrap(); //~ unbounded-env-size
    for number in (0..count).step_by(2) {
        connect(number);
    }
}

#[test]
fn by_an_object() {
    let load = Load { clients: env::var("CLIENTS").unwrap().parse().unwrap() }; //~ unbounded-env-size
    room(&load);
}

#[test]
fn of_zeros() {
    let size: usize = env::var("SIZE").unwrap().parse().unwrap(); //~ unbounded-env-size
    let buffer = bytes::BytesMut::zeroed(size);
    send(buffer);
}
