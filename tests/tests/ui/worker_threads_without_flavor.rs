use netns_fixtures::prelude::*;

#[netns_test(worker_threads = 2)]
async fn a() {}

fn main() {}
