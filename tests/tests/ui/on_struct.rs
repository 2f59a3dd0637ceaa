use netns_fixtures::prelude::*;

#[netns_test]
pub struct A {
    _namespace: Namespace,
}

fn main() {}
