//! Tests that print their configuration. `configuration.rs` runs them with different ones.

use std::net::SocketAddr;
use std::time::Duration;

use netns_fixtures::net::condition::Condition;
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

/// Stops this process, one of whose threads is the relay, for three tenths of a second while datagrams are on their way. `within` is the bound of
/// the link.
fn has_late_packets(lab: &mut Lab, within: Option<Duration>) -> TestResult {
    const STOP: &str = "kill -STOP $1; sleep 0.3; kill -CONT $1";
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    let mut link = lab.link(&a, &b);
    link.condition(Condition::new().latency(Duration::from_millis(40)));
    if let Some(within) = within {
        link.punctual(within);
    }
    lab.up()?;
    let (sender, _receiver) = (a.udp_socket(0)?, b.udp_socket(9)?);
    let link = lab.link_between(&a, &b)?;
    // A stop that meets no datagram on its way is repeated.
    while link.statistics_from(&a)?.late == Some(0) {
        let mut stop = b.command("sh")?;
        let stopped = stop.args(["-c", STOP, "sh", &std::process::id().to_string()]).spawn()?;
        while stopped.try_wait()?.is_none() {
            sender.send_to(&[0; 100], SocketAddr::new(b.addr(), 9))?;
            // The pace of the traffic: a stop of more than 10 ms meets a datagram.
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    // It arrives after those that were late.
    a.ping(&b).count(1).timeout(Duration::from_secs(3)).run()?.expect_all()?;
    Ok(())
}

#[netns_test(requires(conditions))]
fn late_packets(mut lab: Lab) -> TestResult {
    has_late_packets(&mut lab, None)
}

#[netns_test(requires(conditions))]
fn late_packets_within_a_bound(mut lab: Lab) -> TestResult {
    has_late_packets(&mut lab, Some(Duration::from_secs(3600)))
}

#[netns_test(requires(conditions))]
fn late_packets_beyond_a_bound(mut lab: Lab) -> TestResult {
    has_late_packets(&mut lab, Some(Duration::from_millis(100)))
}

/// Does not use `wait_until`, which returns before the test's deadline.
#[netns_test]
fn never_ends() {
    loop {
        std::thread::park();
    }
}
