//! Misuse of `#[netns_test]` is one error at the wrong token.
//!
//! A person has read and approved the `.stderr` files. After a change of a message, `TRYBUILD=overwrite cargo test -p netns-tests --test
//! ui` writes them again for the next review. `ui_types` has the mistakes that only the type checker can find.

#[test]
fn misuse_is_told_once_at_its_token() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
