use netns_fixtures::prelude::*;

#[netns_test(timeout = "5s")]
fn a() {}

fn main() {}
