use netns_fixtures::prelude::*;

#[netns_test(deadline("10s"))]
fn a() {}

fn main() {}
