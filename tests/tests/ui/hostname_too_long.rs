use netns_fixtures::prelude::*;

#[netns_test(hostname = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
fn a() {}

fn main() {}
