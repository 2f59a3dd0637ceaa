use netns_fixtures::prelude::*;

#[netns_test]
async fn a() -> u16 {
    7
}
