use netns_fixtures::prelude::*;

#[netns_test(hostname = "-router")]
fn a() {}

fn main() {}
