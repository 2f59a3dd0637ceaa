use netns_fixtures::prelude::*;

#[netns_test(crate = "crate::kit")]
fn a(_: Namespace) {}
