//! The package of the integration tests, the examples that users copy, and the lint corpus.
//!
//! The library builds and runs the suites under `tests/suites`, most of whose tests must fail, and parses the output of libtest and
//! nextest.

#![forbid(unsafe_code)]

pub mod frame;
pub mod group;
pub mod nft;
pub mod report;
pub mod suite;
pub mod traffic;
pub mod witness;

/// `NETNS_TEST_TIME_FACTOR`, by which tests multiply the deadlines that they expect.
///
/// # Panics
///
/// Panics if it is not a number.
pub fn time_factor() -> u32 {
    std::env::var("NETNS_TEST_TIME_FACTOR")
        .map_or(1, |factor| factor.parse::<u32>().expect("the factor is a number").clamp(1, 100))
}

/// The examples of the README, which the documentation tests compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

#[cfg(test)]
mod tests {
    use netns_fixtures::prelude::*;

    #[netns_test]
    fn a_unit_test_is_isolated_too(own: Namespace) -> TestResult {
        assert_eq!(own.inode(), Namespace::current()?.inode());
        assert_eq!((std::process::id(), std::os::unix::process::parent_id()), (2, 1));
        Ok(())
    }
}
