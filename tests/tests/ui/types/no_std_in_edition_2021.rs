#![no_std]
#![deny(warnings)]

extern crate std;

use netns_fixtures::prelude::*;

#[netns_test]
fn a(_: Namespace) {}

#[netns_test]
#[should_panic(expected = "never")]
fn b() -> ! {
    panic!("never")
}

#[netns_test]
#[should_panic(expected = "never")]
async fn c() -> ! {
    panic!("never")
}
