use netns_fixtures::prelude::*;

#[netns_test(deadline = "5")]
fn a() {}

fn main() {}
