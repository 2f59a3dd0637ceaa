//! Names out of generators and counters.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(0);

#[test]
fn by_a_counter() {
    let name = format!("test-{}", NEXT.fetch_add(1, Ordering::Relaxed)); //~ unclaimed-name
    Command::new("ip").args(["netns", "add", &name]).status().unwrap();
}

#[test]
fn by_a_generator_that_is_handed_on() {
    let name = Alphanumeric.sample_string(&mut rand::rng(), 8); //~ unclaimed-name
    Command::new("ip").args(["netns", "add", &name]).status().unwrap();
}
