use netns_fixtures::prelude::*;

#[netns_test(requires())]
fn a() {}

fn main() {}
