//! Tests that others look at from outside: by a debugger, through a pause, from under a filter.

use netns_fixtures::prelude::*;

#[netns_test]
fn tells_where_it_is(own: Namespace) {
    let here = own.inode();
    println!("pid {} in network {here}", std::process::id());
}

#[netns_test]
fn comes_second() {
    println!("second");
}

#[netns_test]
fn fails_and_is_kept() -> TestResult {
    std::fs::write("/proc/sys/kernel/hostname", "left-as-it-was")?;
    panic!("look inside");
}

#[netns_test]
fn passes_and_is_not_kept() {}
