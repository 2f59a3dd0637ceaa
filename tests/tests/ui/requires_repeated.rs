use netns_fixtures::prelude::*;

#[netns_test(requires(vlan, netem, vlan))]
fn a() {}

fn main() {}
