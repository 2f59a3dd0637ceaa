use netns_fixtures::prelude::*;

#[netns_test(flavor = "multi_thread", worker_threads = 0)]
async fn a() {}

fn main() {}
