use netns_fixtures::prelude::*;

#[netns_test(deadline = "10h")]
fn a() {}

fn main() {}
