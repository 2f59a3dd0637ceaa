use netns_fixtures::prelude::*;

#[netns_test]
fn a<T: Default>() {
    T::default();
}

fn main() {}
