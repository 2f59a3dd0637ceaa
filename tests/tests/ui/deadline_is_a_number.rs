use netns_fixtures::prelude::*;

#[netns_test(deadline = 10)]
fn a() {}

fn main() {}
