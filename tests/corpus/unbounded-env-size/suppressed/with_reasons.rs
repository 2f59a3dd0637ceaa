//! Accepted, with the reason.

use std::env;

#[test]
fn above() {
    // netns-lint: allow(unbounded-env-size) whoever benchmarks chooses how long
    let rounds: u64 = env::var("ROUNDS").unwrap().parse().unwrap(); //~ unbounded-env-size
    for round in 0..rounds {
        run_once(round);
    }
}
