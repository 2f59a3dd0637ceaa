use netns_fixtures::prelude::*;

#[netns_test]
fn a() -> u16 {
    7
}
