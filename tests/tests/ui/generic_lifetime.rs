use netns_fixtures::prelude::*;

#[netns_test]
fn a<'a>() {
    let _: &'a str = "";
}

fn main() {}
