//! The package of the integration tests, the examples that a user copies and the lint corpus.
//!
//! The library is empty but for a unit test: the attribute works inside of a library too.

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
