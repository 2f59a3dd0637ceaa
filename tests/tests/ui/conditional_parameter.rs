use netns_fixtures::prelude::*;

#[netns_test]
fn a(#[cfg(unix)] _: Namespace) {}

fn main() {}
