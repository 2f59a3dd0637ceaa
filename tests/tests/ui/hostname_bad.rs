use netns_fixtures::prelude::*;

#[netns_test(hostname = "my_router")]
fn a() {}

fn main() {}
