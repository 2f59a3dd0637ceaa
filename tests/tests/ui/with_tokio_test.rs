use netns_fixtures::prelude::*;

#[netns_test]
#[tokio::test]
async fn a(_: Namespace) {}

fn main() {}
