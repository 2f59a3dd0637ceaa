use netns_fixtures::prelude::*;

#[netns_test]
#[test]
fn a() {}

fn main() {}
