use netns_fixtures::prelude::*;

#[netns_test(deadline = "0s")]
fn a() {}

fn main() {}
