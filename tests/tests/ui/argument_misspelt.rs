use netns_fixtures::prelude::*;

#[netns_test(hostname = "router", dedline = "5s")]
fn a() {}

fn main() {}
