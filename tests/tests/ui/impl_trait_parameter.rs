use netns_fixtures::prelude::*;

#[netns_test]
fn a(_: impl Fixture) {}

fn main() {}
