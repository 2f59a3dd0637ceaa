use netns_fixtures::prelude::*;

#[netns_test(crate = "not a path")]
fn a() {}

fn main() {}
