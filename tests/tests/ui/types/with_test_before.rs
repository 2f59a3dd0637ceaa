use netns_fixtures::prelude::*;

#[test]
#[netns_test]
fn a() {}
