use netns_fixtures::prelude::*;

#[netns_test(requires = "vlan")]
fn a() {}

fn main() {}
