use netns_fixtures::prelude::*;

#[netns_test(flavor = "multithread", worker_threads = 2)]
async fn a() {}

fn main() {}
