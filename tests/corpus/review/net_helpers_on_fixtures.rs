//! The helpers of net_helpers.rs on netns-fixtures: each test is what one of them was for, and the lint finds nothing.
//!
//! This file is compiled and run: `cargo test -p netns-tests --test net_helpers_on_fixtures`.

#![forbid(unsafe_code)]

use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::time::Duration;

use netns_fixtures::config::{Setting, Unit};
use netns_fixtures::net::address::offset_address;
use netns_fixtures::net::link::Veth;
use netns_fixtures::net::{NsName, PortRange, Tcp};
use netns_fixtures::prelude::*;
use netns_fixtures::probe::Protocol;
use netns_fixtures::process::Stdio;

/// Until a line of output must be there: a range, a unit, a default, and an error that names all of them.
static READ_TIMEOUT: Setting<Duration> = Setting::duration(
    "TEST_READ_TIMEOUT",
    "how long a line of output may take",
    Unit::Seconds,
    Duration::from_secs(5),
    Duration::from_secs(1)..=Duration::from_secs(60),
);

/// Between two looks.
static PROCESS_SLEEP: Setting<Duration> = Setting::duration(
    "TEST_CHILD_PROCESS_SLEEP",
    "how long to wait between two looks at a process",
    Unit::Seconds,
    Duration::from_millis(10),
    Duration::from_millis(1)..=Duration::from_secs(5),
);

#[netns_test]
fn increment_ip_cidr() -> TestResult {
    assert_eq!(offset_address("192.0.2.1/24".parse()?, 1)?.to_string(), "192.0.2.2/24");
    Ok(())
}

/// The port is held by a socket from the lease on, instead of being free at the time of asking.
#[netns_test]
fn ovs_manager(net: Pair) -> TestResult {
    let lease = net.server.lease_port(Tcp, PortRange::configured()?)?;
    let port = lease.port();
    let listener = lease.into_listener()?;
    let mut client = net.client.tcp_connect((net.server.ipv4(), port))?;
    let (mut connection, _) = listener.accept()?;
    client.write_all(b"ovsdb")?;
    let mut request = [0; 5];
    connection.read_exact(&mut request)?;
    assert_eq!(&request, b"ovsdb");
    Ok(())
}

/// No root helper, no `ip netns exec`, no text that is split: the program itself, in the network of a host.
#[netns_test]
fn root_helper_process(net: Pair) -> TestResult {
    let mut cat = net.server.command("cat")?;
    let mut process = cat.stdin(Stdio::piped()).spawn()?;
    process.write_line("to be said again")?;
    assert_eq!(process.read_line()?.as_deref(), Some("to be said again"));
    wait_until(Deadline::after(READ_TIMEOUT.read()?), PROCESS_SLEEP.read()?, || {
        if process.is_running() { ControlFlow::Break(()) } else { ControlFlow::Continue("it has ended") }
    })?;
    process.stop()?;
    Ok(())
}

#[netns_test]
fn assert_ping(net: Pair) -> TestResult {
    net.client.ping(&net.server).count(1).run()?.expect_all()?;
    Ok(())
}

/// The listener is bound to an address of its host; nobody else is in the network.
#[netns_test]
fn netcat_tester(net: Pair) -> TestResult {
    let mut netcat = net.client.connectivity(&net.server, Protocol::Tcp).start()?;
    netcat.check()?;
    netcat.stop();
    Ok(())
}

/// Without a name; or with one that is created exclusively, seen by this test alone, and gone with its guard.
#[netns_test]
fn namespace_fixture(net: Pair) -> TestResult {
    let published = net.server.publish(NsName::new("blue")?)?;
    assert_eq!(published.name().as_str(), "blue");
    Ok(())
}

/// Both ends are created where they stay, under names that are the test's own: a taken one is an error.
#[netns_test]
fn named_veth(net: Pair) -> TestResult {
    let [near, far] = net.client.add_veth(Veth::to(&net.server).named("test-a").peer_named("test-b"))?;
    assert_eq!((near.name.as_str(), far.name.as_str()), ("test-a", "test-b"));
    Ok(())
}

/// What patch ports do, two bridges as one, without names that anybody else could have.
#[netns_test]
fn patch_ports(mut lab: Lab) -> TestResult {
    let [left, right] = ["left", "right"].map(|name| lab.switch(name));
    let [near, far] = ["near", "far"].map(|name| lab.host(name));
    lab.link(&near, left.as_host());
    lab.link(&far, right.as_host());
    lab.link(left.as_host(), right.as_host());
    lab.up()?;
    near.ping(&far).count(1).run()?.expect_all()?;
    Ok(())
}

/// A daemon by a list of arguments: there is no shell that could read one of them as syntax.
#[netns_test]
fn an_action_of_a_daemon(own: Namespace) -> TestResult {
    let action = "start; true";
    let output = own.command("echo").args([action]).output()?.success()?;
    assert_eq!(output.stdout.text().trim_end(), action);
    Ok(())
}
