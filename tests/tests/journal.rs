//! The journal contains changes of links and addresses that the host's methods did not make, in order, and reports when some
//! are missing.

#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::io::Write;
use std::ops::ControlFlow::{Break, Continue};
use std::time::Duration;

use netns_fixtures::journal::{self, Entry, Event};
use netns_fixtures::net::address::IpNet;
use netns_fixtures::net::condition::{Condition, Traffic};
use netns_fixtures::net::link::{Bridge, Tun, Veth, Vlan};
use netns_fixtures::net::{Firewall, LinkHandle, Nat, NewRoute, RouterPreset};
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

/// The route of the same table that the test itself adds is the control.
#[netns_test]
fn routes_that_no_test_declared_are_not_in_the_journal(net: Pair) -> TestResult {
    net.client.insert_route(NewRoute::to("192.0.2.0/24".parse::<IpNet>()?).device("eth0").table(253))?;
    let routes = journal::entries().into_iter().map(|entry| entry.event.to_string());
    let of_the_table: Vec<_> = routes.filter(|event| event.contains("in table 253")).collect();
    assert_eq!(of_the_table, ["applied add: the route to 192.0.2.0/24 by eth0 in table 253"]);
    Ok(())
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

/// Returns the refusals so far, as lines.
fn refusals() -> Vec<String> {
    let entries = journal::entries().into_iter();
    let refused = entries.filter(|entry| matches!(entry.event, Event::Refused { .. }));
    refused.map(|entry| format!("{}: {}", entry.host.as_deref().unwrap_or("-"), entry.event)).collect()
}

/// Checks that an operation fails and leaves one refusal, which begins with these words, and whose cause is a part of the error's line.
fn is_recorded<T>(words: &str, operation: impl FnOnce() -> Result<T, netns_fixtures::Error>) {
    let before = refusals();
    let Err(error) = operation() else { panic!("{words}: it is not refused") };
    let after = refusals();
    let new = &after[before.len()..];
    assert!(new.len() == 1 && new[0].starts_with(words), "{words}: {new:#?} after {error:?}");
}

/// Checks of methods, of the engine, of the lab and of links; refusals of the kernel; and all of them after the lab is gone.
#[netns_test]
fn each_refused_operation_is_in_the_journal_once(net: Pair, mut other: Lab) -> TestResult {
    let Pair { lab, client, server } = net;
    let (address, mac) = ("192.0.2.7/24".parse()?, "02:00:00:00:00:99".parse()?);
    let host = |host: &Host| {
        is_recorded("client: refused set: the MTU of eth9 to 1400: ", || host.set_mtu("eth9", 1400));
        is_recorded("client: refused set up: the device eth9: ", || host.link_up("eth9"));
        is_recorded("client: refused set down: the device eth9: ", || host.link_down("eth9"));
        is_recorded("client: refused set: the MAC address of eth9 ", || host.set_mac("eth9", mac));
        is_recorded("client: refused add: the address 192.0.2.7/24 of eth9: ", || host.add_address("eth9", address));
        is_recorded("client: refused remove: the address 192.0.2.7/24 of eth9: ", || {
            host.remove_address("eth9", address)
        });
        is_recorded("client: refused add: the address fe80::7/64 of eth9: ", || {
            host.add_unique_address("eth9", "fe80::7/64".parse().expect("a prefix"))
        });
        is_recorded("client: refused add: the address ", || host.replace_address("eth9", address, address));
        is_recorded("client: refused write: the setting kernel.hostname: ", || host.set_sysctl("kernel.hostname", "x"));
        is_recorded("client: refused write: the file /etc/hosts: ", || host.set_hosts([("a b", server.addr())]));
        is_recorded("client: refused make: ", || host.add_device(Vlan::on("eth9", 10)));
        is_recorded("client: refused make: a device of the kind tun: ", || host.open_device(Tun::new().named("a/b")));
        is_recorded("client: refused make: ", || host.add_veth(Veth::to(&server).named("a/b")));
        is_recorded("client: refused remove: the device eth9: ", || host.remove_device("eth9"));
        is_recorded("client: refused set: the NAT (", || host.nat(&Nat::home()));
        is_recorded("client: refused remove: the NAT: ", || host.remove_nat());
        is_recorded("client: refused forget: the mappings and the connections: ", || host.flush_nat());
        is_recorded("client: refused set: the firewall (", || host.firewall(&Firewall::new().clamp_segments()));
        is_recorded("client: refused set: the ready-made router ", || host.behave_as(RouterPreset::Home, "eth0"));
        is_recorded("client: refused set: the translation of ", || {
            host.translate_prefix(
                "fd00::/64".parse().expect("a prefix"),
                "fd00::/48".parse().expect("a prefix"),
                "eth0",
            )
        });
        is_recorded("client: refused start: the NAT64: ", || host.nat64());
        is_recorded("client: refused start: the port mapping by []: ", || host.port_mapping_server([]));
        is_recorded("client: refused set: rules by nft: ", || host.nft_text("table inet netns-testkit-nat {}"));
        is_recorded("client: refused add: the route ", || host.insert_route(NewRoute::to(address)));
        is_recorded("client: refused set: the key and the port 7 of eth0: ", || host.listen_wireguard("eth0", 7));
    };
    host(&client);
    is_recorded("-: refused bring up: the lab: ", || other.up().and_then(|()| other.up()));
    let stranger = other.host("stranger");
    is_recorded("stranger: refused remove: the host: ", || lab.remove(&stranger));
    is_recorded("stranger: refused reboot: the host: ", || lab.reboot(&stranger));
    is_recorded("stranger: refused set down: the device eth0: ", || stranger.link_down("eth0"));
    is_recorded("stranger: refused suspend: its processes: ", || stranger.suspend());
    let link = lab.link_between(&client, &server)?;
    is_recorded("client: refused move: the link client-server to \"server\": ", || lab.replug(&link, &client, &server));
    let of_link = |link: &LinkHandle| {
        let condition = Condition::new();
        let traffic = Traffic::to("192.0.2.0/24".parse::<IpNet>().expect("a prefix"));
        is_recorded("client: refused set: the condition of client-server from here: ", || {
            link.set_condition(&condition)
        });
        is_recorded("server: refused set: the condition of client-server from here: ", || {
            link.set_condition_from(&server, &condition)
        });
        is_recorded("-: refused set: the condition of client-server for traffic ", || {
            link.set_condition_of(traffic, &condition)
        });
        is_recorded("-: refused set: the condition of client-server for traffic ", || {
            link.remove_condition_of(traffic)
        });
        is_recorded("client: refused set: client-server from here: cut: ", || link.cut());
        is_recorded("stranger: refused set: client-server from here: cut: ", || link.cut_from(&stranger));
    };
    of_link(&link);
    // The control: operations that succeed, and reads that fail, leave none.
    let before = refusals();
    client.add_device(Bridge::new().named("br7"))?;
    client.device("eth9").expect_err("there is none");
    client.tcp_connect((server.ipv4(), 9)).expect_err("nobody listens");
    assert_eq!(refusals(), before);
    drop(lab);
    host(&client);
    of_link(&link);
    Ok(())
}
