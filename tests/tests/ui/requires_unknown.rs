use netns_fixtures::prelude::*;

#[netns_test(requires(vlan, nettem))]
fn a() {}

fn main() {}
