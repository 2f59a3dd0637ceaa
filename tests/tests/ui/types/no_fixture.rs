use netns_fixtures::prelude::*;

struct Pair;

#[netns_test]
fn a(_: Namespace, pair: Pair) {
    let Pair = pair;
}
