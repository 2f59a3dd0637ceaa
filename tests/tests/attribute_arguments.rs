//! Arguments of `#[netns_test]` as the kernel sees them.

#![forbid(unsafe_code)]
#![deny(clippy::all, clippy::pedantic)]

use std::process::Command;
use std::time::{Duration, Instant};

use netns_fixtures::prelude::*;

/// A crate that re-exports the library under another name, as a company's test kit does.
mod kit {
    pub(crate) use netns_fixtures as network;
}

fn hostname() -> String {
    nix::unistd::gethostname().expect("the kernel knows it").into_string().expect("it is text")
}

#[netns_test(hostname = "router-1.example.test")]
fn a_hostname_is_the_kernels() -> TestResult {
    assert_eq!(hostname(), "router-1.example.test");
    assert_eq!(std::fs::read_to_string("/proc/sys/kernel/hostname")?, "router-1.example.test\n");
    Ok(())
}

#[netns_test(hostname = "0123456789012345678901234567890123456789012345678901234567890123")]
async fn the_longest_hostname_fits() {
    assert_eq!(hostname().len(), 64);
}

#[netns_test]
fn without_one_it_is_not_the_machines() {
    assert_ne!(hostname(), "router-1.example.test");
}

#[netns_test(crate = "crate::kit::network")]
fn a_path_from_the_crate() {
    assert_eq!(std::process::id(), 2);
}

#[netns_test(crate = "kit::network")]
async fn a_path_from_here(_: Namespace) {
    assert_eq!(std::process::id(), 2);
}

#[netns_test(crate = "::netns_fixtures")]
fn a_path_from_the_root() {
    assert_eq!(std::process::id(), 2);
}

mod nested {
    // The attribute itself also comes through a re-export.
    use super::kit::network::netns_test;

    #[netns_test(crate = "super::kit::network", deadline = "5s")]
    fn a_path_from_above() {
        assert_eq!(std::process::id(), 2);
    }
}

#[netns_test(deadline = "300ms")]
#[ignore = "hangs; run by `a_deadline_ends_a_test`"]
fn hangs() {
    loop {
        std::thread::park();
    }
}

#[test]
fn a_deadline_ends_a_test() {
    let started = Instant::now();
    let output =
        Command::new("/proc/self/exe").args(["--ignored", "--exact", "hangs"]).output().expect("libtest starts");
    let took = started.elapsed();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success() && printed.contains("hangs ... FAILED"), "{printed}");
    // Well below the default of 30 s, which would end the test if the argument were lost.
    assert!((Duration::from_millis(300)..Duration::from_secs(15)).contains(&took), "{took:?}");
}
