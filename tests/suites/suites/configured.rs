//! Tests that print their configuration. `configuration.rs` runs them with different ones.

use netns_fixtures::net::{PortRange, Tcp};
use netns_fixtures::prelude::*;

#[netns_test]
fn addresses(net: Pair) -> TestResult {
    let addresses = &net.client.devices()?[0].addresses;
    println!("the first host has {} {}", addresses[0], addresses[1]);
    Ok(())
}

#[netns_test]
fn ports(own: Namespace) -> TestResult {
    println!("leased is {}", own.lease_port(Tcp, PortRange::configured()?)?.port());
    Ok(())
}

#[netns_test]
fn limits(own: Namespace) -> TestResult {
    let output = own
        .command("prlimit")
        .args(["--raw", "--noheadings", "--output", "HARD"])
        .args(["--nofile", "--fsize"])
        .output()?;
    println!("limits are {}", output.stdout.text().split_whitespace().collect::<Vec<_>>().join(" "));
    let lines = own.command("seq").arg("1000").output()?;
    println!("kept are {} lines", lines.stdout.text().lines().count());
    Ok(())
}

/// Does not use `wait_until`, which returns before the test's deadline.
#[netns_test]
fn never_ends() {
    loop {
        std::thread::park();
    }
}
