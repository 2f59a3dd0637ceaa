//! One empty isolated test, as nextest starts it: a process for each test, for `cargo xtask bench isolation`.

#[netns_fixtures::netns_test]
fn empty() {}
