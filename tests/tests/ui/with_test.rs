use netns_fixtures::prelude::*;

#[netns_test]
#[tokio::test]
fn a() {}

fn main() {}
