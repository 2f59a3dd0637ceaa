use netns_fixtures::prelude::*;

#[netns_test]
mod a {}

fn main() {}
