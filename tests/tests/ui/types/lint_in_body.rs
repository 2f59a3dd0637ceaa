#![deny(warnings)]

use netns_fixtures::prelude::*;

#[netns_test]
fn a(mut namespace: Namespace) {
    let unused = 1;
}
