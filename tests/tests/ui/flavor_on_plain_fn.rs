use netns_fixtures::prelude::*;

#[netns_test(flavor = "multi_thread", worker_threads = 2)]
fn a() {}

fn main() {}
