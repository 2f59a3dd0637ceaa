//! The callers of a helper that takes a command line as one text.

mod common;

use common::run;

#[test]
fn with_a_part_that_is_not_constant() {
    assert!(run(&format!("ip link show {}", device())).contains("UP"));
}
