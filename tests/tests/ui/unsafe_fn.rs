use netns_fixtures::prelude::*;

#[netns_test]
unsafe fn a() {}

fn main() {}
