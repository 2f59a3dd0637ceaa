use netns_fixtures::prelude::*;

#[netns_test("5s")]
fn a() {}

fn main() {}
