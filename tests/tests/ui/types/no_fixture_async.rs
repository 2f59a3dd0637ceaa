use netns_fixtures::prelude::*;

#[netns_test]
async fn a(port: u16, _: Namespace) {
    let _ = port;
}
