use netns_fixtures::prelude::*;

#[netns_test]
fn a(self) {}

fn main() {}
