use netns_fixtures::prelude::*;

#[netns_test]
const fn a() {}

fn main() {}
