use netns_fixtures::prelude::*;

#[netns_test]
extern "C" fn a() {}

fn main() {}
