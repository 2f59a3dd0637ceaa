use netns_fixtures::prelude::*;

#[netns_test(deadline)]
fn a() {}

fn main() {}
