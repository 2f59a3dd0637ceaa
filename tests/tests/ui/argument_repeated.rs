use netns_fixtures::prelude::*;

#[netns_test(deadline = "5s", hostname = "router", deadline = "6s")]
fn a() {}

fn main() {}
