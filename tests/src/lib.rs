//! The package of the integration tests, the examples that a user copies and the lint corpus.
//!
//! The library builds and runs the suites under `tests/suites`, most of whose tests have to fail, and reads what libtest and
//! nextest said of them.

#![forbid(unsafe_code)]

pub mod frame;
pub mod nft;
pub mod report;
pub mod suite;
pub mod traffic;
pub mod witness;

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
