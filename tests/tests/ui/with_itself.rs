use netns_fixtures::prelude::*;

#[netns_test]
#[netns_test]
fn a() {}

fn main() {}
