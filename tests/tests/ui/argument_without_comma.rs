use netns_fixtures::prelude::*;

#[netns_test(deadline = "5s" hostname = "router")]
fn a() {}

fn main() {}
