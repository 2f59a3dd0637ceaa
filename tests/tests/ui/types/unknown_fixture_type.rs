use netns_fixtures::prelude::*;

#[netns_test]
async fn a(_: Pear) {}
