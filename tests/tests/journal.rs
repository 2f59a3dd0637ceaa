//! The journal contains changes of links and addresses that the host's methods did not make, in order, and reports when some
//! are missing.

#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::io::Write;
use std::ops::ControlFlow::{Break, Continue};
use std::time::Duration;

use netns_fixtures::journal::{self, Entry, Event};
use netns_fixtures::prelude::*;
use netns_fixtures::process::Capability;
use netns_fixtures::requirements::require_program;
use tempfile::NamedTempFile;

/// Returns the states of an object that the kernel reported in a host.
fn observed(host: &str, object: &str) -> Vec<String> {
    let of_host = |entry: &Entry| entry.host.as_deref() == Some(host);
    let state = |entry: Entry| match entry.event {
        Event::Observed { object: of, state } if of == object => Some(state.to_string()),
        _ => None,
    };
    journal::entries().into_iter().filter(of_host).filter_map(state).collect()
}

/// Waits until the kernel has reported this last state of an object.
fn wait_for(host: &str, object: &str, expected: &str) -> TestResult {
    Ok(wait_until(Deadline::after(Duration::from_secs(10)), Duration::from_millis(1), || {
        let states = observed(host, object);
        if states.last().is_some_and(|state| state.starts_with(expected)) { Break(()) } else { Continue(states) }
    })?)
}

fn ip(host: &Host, arguments: &[&str]) -> TestResult {
    require_program("ip")?;
    let mut ip = host.command("ip")?;
    ip.keep_capabilities([Capability::NET_ADMIN]).args(arguments).output()?.success()?;
    Ok(())
}

#[netns_test]
fn the_other_end_of_a_link_that_goes_down_is_in_the_journal(net: Pair) -> TestResult {
    assert_eq!(observed("client", "the device eth0"), [""; 0], "nothing happened yet");
    net.server.link_down("eth0")?;
    wait_for("client", "the device eth0", "up without a carrier, MTU 1500")?;
    net.server.link_up("eth0")?;
    wait_for("client", "the device eth0", "up with a carrier, MTU 1500")
}

#[netns_test]
fn addresses_of_a_program_are_in_the_journal_and_those_of_the_test_once(net: Pair) -> TestResult {
    ip(&net.client, &["address", "add", "192.0.2.7/24", "dev", "eth0"])?;
    wait_for("client", "the address 192.0.2.7/24 of eth0", "usable")?;
    ip(&net.client, &["address", "del", "192.0.2.7/24", "dev", "eth0"])?;
    wait_for("client", "the address 192.0.2.7/24 of eth0", "removed")?;
    assert_eq!(observed("server", "the address 192.0.2.7/24 of eth0"), [""; 0]);

    net.client.add_address("eth0", "192.0.2.8/24".parse()?)?;
    assert_eq!(observed("client", "the address 192.0.2.8/24 of eth0"), [""; 0]);
    let is_added = |entry: &Entry| entry.event.to_string() == "applied add: the address 192.0.2.8/24 of eth0";
    assert_eq!(journal::entries().iter().filter(|entry| is_added(entry)).count(), 1);
    Ok(())
}

#[netns_test]
fn what_the_kernel_reported_stands_before_the_next_entry_of_the_host(net: Pair) -> TestResult {
    ip(&net.client, &["link", "set", "dev", "eth0", "mtu", "1400"])?;
    net.client.ping(&net.server).count(1).run()?.expect_all()?;
    let entries = journal::entries();
    let at = |part: &str| entries.iter().position(|entry| entry.to_string().contains(part));
    // The program may have changed it before the journal has the program's start.
    let (changed, ended, probed) = (at("MTU 1400"), at("ended: `"), at("ping from"));
    assert!(changed.is_some() && changed < ended && ended < probed, "{entries:#?}");
    Ok(())
}

#[netns_test]
fn the_last_changes_of_a_lab_that_is_dropped_are_in_the_journal(net: Pair) -> TestResult {
    ip(&net.client, &["address", "add", "192.0.2.7/24", "dev", "eth0"])?;
    drop(net);
    assert_eq!(observed("client", "the address 192.0.2.7/24 of eth0"), ["usable"]);
    Ok(())
}

/// The kernel keeps some hundred reports for a host; the journal reports that more are lost.
#[netns_test]
fn lost_reports_are_an_entry(net: Pair) -> TestResult {
    let mut batch = NamedTempFile::new()?;
    for round in 0..2000 {
        writeln!(batch, "link set dev eth0 mtu {}", 1400 + round % 2)?;
    }
    ip(&net.client, &["-batch", batch.path().to_str().ok_or("a path is text")?])?;
    let is_lost = |entry: &Entry| entry.event == Event::ObservationsLost && entry.host.as_deref() == Some("client");
    let entries = journal::entries();
    let lost = entries.iter().position(is_lost).ok_or("the loss is an entry")?;
    let reports = entries.iter().skip(lost).filter(|entry| matches!(entry.event, Event::Observed { .. }));
    assert_eq!(reports.count(), 0, "the gap is after the reports that the kernel has kept");
    // After the loss, reports arrive again.
    ip(&net.client, &["address", "add", "192.0.2.9/24", "dev", "eth0"])?;
    wait_for("client", "the address 192.0.2.9/24 of eth0", "usable")
}

#[netns_test]
fn hosts_of_one_name_in_two_labs_are_told_apart(net: Pair, mut lab: Lab) -> TestResult {
    const TWIN: &str = "client (lab 2)";
    let [twin, other] = ["client", "other"].map(|name| lab.host(name));
    lab.link(&twin, &other);
    lab.up()?;
    let object = "the address 192.0.2.7/24 of eth0";
    ip(&twin, &["address", "add", "192.0.2.7/24", "dev", "eth0"])?;
    wait_for(TWIN, object, "usable")?;
    assert_eq!(observed("client", object), [""; 0]);
    twin.link_down("eth0")?;
    lab.reboot(&twin)?;
    ip(&twin, &["address", "add", "192.0.2.9/24", "dev", "eth0"])?;
    wait_for(TWIN, "the address 192.0.2.9/24 of eth0", "usable")?;
    net.client.ping(&net.server).count(1).run()?;
    other.ping(&other).count(1).run()?;
    let entries = journal::entries();
    let hosts_of = |text: &str| -> BTreeSet<String> {
        let found = entries.iter().filter(|entry| entry.event.to_string().contains(text));
        found.filter_map(|entry| entry.host.as_deref().map(str::to_owned)).collect()
    };
    assert_eq!(hosts_of("applied set down: the device eth0"), BTreeSet::from([TWIN.to_owned()]));
    assert_eq!(hosts_of("applied reboot: the host"), BTreeSet::from([TWIN.to_owned()]));
    assert_eq!(hosts_of("ip address add"), BTreeSet::from([TWIN.to_owned()]));
    assert_eq!(hosts_of("applied make: the cable"), BTreeSet::from(["client", TWIN].map(str::to_owned)));
    // A name that is there once stays as it is.
    assert_eq!(hosts_of("ping from"), BTreeSet::from(["client", "other"].map(str::to_owned)));
    assert_eq!(twin.name(), "client");
    Ok(())
}
