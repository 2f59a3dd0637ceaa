use netns_fixtures::prelude::*;

#[netns_test]
fn a<const N: usize>() {
    let _ = [0; N];
}

fn main() {}
