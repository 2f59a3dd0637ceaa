use netns_fixtures::prelude::*;

#[netns_test]
fn a(_: Namespace, _: ...) {}

fn main() {}
