//! Misuse of `#[netns_test]` is one error at the token that is wrong.
//!
//! The `.stderr` files are claims that a person has read; after a change of a message,
//! `TRYBUILD=overwrite cargo test -p netns-tests --test ui` writes them anew for the next reading. What only the type
//! checker can find is in `ui_types`.

#[test]
fn misuse_is_told_once_at_its_token() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
