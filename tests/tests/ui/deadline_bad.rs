use netns_fixtures::prelude::*;

#[netns_test(deadline = "5 seconds")]
fn a() {}

fn main() {}
