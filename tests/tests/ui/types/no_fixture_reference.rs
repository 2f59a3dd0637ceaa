use netns_fixtures::prelude::*;

#[netns_test]
fn a(namespace: &Namespace) {
    let _ = namespace;
}
