//! Frames that a switch and its ports forward, observed at the hosts behind them, each with a control.

#![forbid(unsafe_code)]

use std::fs::File;

use netns_fixtures::net::address::MacAddr;
use netns_fixtures::net::link::{BridgePort, MacVlan};
use netns_fixtures::net::{LabError, Lan};
use netns_fixtures::prelude::*;
use netns_tests::traffic::{PATIENCE, SILENCE, arrives, frame, is_lost, sent_is_heard};

/// A bridge shows running timers: with them, two dumps in several parts never agree.
#[netns_test(deadline = "180s")]
fn a_switch_of_three_hundred_ports_lists_its_devices(mut lab: Lab) -> TestResult {
    let switch = lab.switch("switch");
    let hosts: Vec<_> = (0..10).map(|number| lab.host(format!("host{number}"))).collect();
    for number in 0..300 {
        lab.link(&hosts[number % 10], &switch).unnumbered();
    }
    lab.up()?;
    for _ in 0..10 {
        assert_eq!(switch.as_host().devices()?.len(), 301);
    }
    Ok(())
}

#[netns_test]
fn isolated_ports_reach_the_others_only(mut lab: Lab) -> TestResult {
    let switch = lab.switch("switch");
    let [a, b, open] = ["a", "b", "open"].map(|name| lab.host(name));
    for host in [&a, &b] {
        lab.link(host, switch.as_host()).isolated();
    }
    lab.link(&open, switch.as_host());
    lab.up()?;
    for host in [&a, &b] {
        assert!(arrives((host, host.addr()), (&open, open.addr()))?);
        assert!(arrives((&open, open.addr()), (host, host.addr()))?);
    }
    assert!(is_lost((&a, a.addr()), (&b, b.addr()))?);
    // The control: the same two hosts without the setting.
    for port in ["port0", "port1"] {
        switch.as_host().set_bridge_port(port, &BridgePort::new().isolated(false))?;
    }
    a.remove_neighbour("eth0", b.addr())?;
    assert!(arrives((&a, a.addr()), (&b, b.addr()))?);
    Ok(())
}

#[netns_test]
fn a_hairpin_sends_frames_back(mut lab: Lab) -> TestResult {
    let switch = lab.switch("switch");
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    lab.link(&a, switch.as_host()).hairpin();
    lab.link(&b, switch.as_host());
    lab.up()?;
    // A frame to an address that the switch has learned on the arrival port.
    let behind: MacAddr = "02:00:00:00:00:77".parse()?;
    let frame = frame(behind, a.mac("eth0")?);
    let mut wire = File::from(a.packet_socket("eth0")?);
    let mut comes_back = |wait| sent_is_heard(wait, &mut wire, None, &frame);
    switch.as_host().add_fdb_entry("port0", behind)?;
    assert!(comes_back(PATIENCE)?);
    switch.as_host().set_bridge_port("port0", &BridgePort::new().hairpin(false))?;
    assert!(!comes_back(SILENCE)?);
    Ok(())
}

#[netns_test]
fn what_a_switch_does_not_know_is_flooded_and_what_is_entered_is_not(lan: Lan<3>) -> TestResult {
    let [a, b, c] = &lan.hosts;
    let switch = lan.switch.as_host();
    for port in ["port0", "port1", "port2"] {
        switch.set_bridge_port(port, &BridgePort::new().learning(false))?;
    }
    // Addresses that the switch learned before.
    let mac = b.mac("eth0")?;
    if switch.fdb()?.iter().any(|entry| entry.mac == mac && !entry.is_static) {
        switch.remove_fdb_entry("port1", mac)?;
    }
    let frame = frame(mac, a.mac("eth0")?);
    let mut wire = File::from(a.packet_socket("eth0")?);
    let mut tap = File::from(switch.packet_socket("port2")?);
    let mut reaches_c = |wait| sent_is_heard(wait, &mut wire, Some(&mut tap), &frame);
    assert!(reaches_c(PATIENCE)?, "flooded");
    switch.add_fdb_entry("port1", mac)?;
    assert!(!reaches_c(SILENCE)?, "sent where it was entered to be");
    switch.remove_fdb_entry("port1", mac)?;
    assert!(reaches_c(PATIENCE)?);
    switch.set_bridge_port("port2", &BridgePort::new().flooding(false))?;
    assert!(!reaches_c(SILENCE)?, "a port that is not flooded");
    let no_port = c.set_bridge_port("eth0", &BridgePort::new().isolated(true)).unwrap_err();
    assert!(no_port.to_string().contains("eth0"), "{no_port}");
    Ok(())
}

#[netns_test(requires(bridge_vlan_filtering))]
fn vlans_of_a_switch_do_not_meet(mut lab: Lab) -> TestResult {
    let [left, right] = ["left", "right"].map(|name| lab.switch(name));
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| lab.host(name));
    for (host, switch, tag) in [(&a, &left, 10), (&b, &right, 10), (&c, &left, 20), (&d, &right, 20)] {
        lab.link(host, switch.as_host()).vlan(tag);
    }
    lab.link(left.as_host(), right.as_host()).trunk([10, 20]);
    lab.up()?;
    for (one, other) in [(&a, &b), (&c, &d)] {
        assert!(arrives((one, one.addr()), (other, other.addr()))?);
        assert!(arrives((other, other.ipv6().into()), (one, one.ipv6().into()))?);
    }
    for (one, other) in [(&a, &c), (&a, &d), (&b, &c)] {
        assert!(is_lost((one, one.addr()), (other, other.addr()))?, "{} and {}", one.name(), other.name());
    }
    Ok(())
}

/// The bridge of a switch is a device of the switch, on which other devices can be created.
#[netns_test]
fn a_device_stands_on_the_bridge_of_a_switch(mut lab: Lab) -> TestResult {
    let switch = lab.switch("switch");
    let host = lab.host("host");
    lab.link(&host, switch.as_host());
    let mut subnet = lab.subnet(2)?;
    let ((near, _), (far, _)) = (subnet.next_host()?, subnet.next_host()?);
    lab.device(switch.as_host(), MacVlan::on("br0").address(near));
    lab.up()?;
    host.add_address("eth0", far.into())?;
    assert!(arrives((&host, far.addr().into()), (switch.as_host(), near.addr().into()))?);
    let bridge = switch.as_host().device("br0")?;
    assert_eq!(switch.as_host().devices()?[1], bridge);
    assert!(switch.as_host().statistics("br0")?.rx_packets > 0);
    let shown = switch.as_host().run(|| nix::net::if_::if_nametoindex("br0"))??;
    assert_eq!(shown, bridge.index);
    Ok(())
}

/// More VLANs of one port than the kernel lists individually.
#[netns_test(requires(bridge_vlan_filtering))]
fn a_trunk_carries_every_vlan(mut lab: Lab) -> TestResult {
    let [left, right] = ["left", "right"].map(|name| lab.switch(name));
    let [a, b, c] = ["a", "b", "c"].map(|name| lab.host(name));
    for (host, switch, tag) in [(&a, &left, 4094), (&b, &right, 4094), (&c, &right, 4093)] {
        lab.link(host, switch.as_host()).vlan(tag);
    }
    lab.link(left.as_host(), right.as_host()).trunk(2..=4094);
    lab.up()?;
    assert!(arrives((&a, a.addr()), (&b, b.addr()))?);
    assert!(is_lost((&a, a.addr()), (&c, c.addr()))?);
    Ok(())
}

/// A lab that is up refuses a ring too: a broadcast would circle in it.
#[netns_test]
fn a_link_is_not_plugged_in_where_it_closes_a_loop(mut lab: Lab) -> TestResult {
    let [one, two, three, apart] = ["one", "two", "three", "apart"].map(|name| lab.switch(name));
    let [near, far] = ["near", "far"].map(|name| lab.host(name));
    lab.link(&one, &two);
    lab.link(&two, &three);
    lab.link(&near, &one);
    lab.link(&far, &three);
    lab.up()?;
    let link = lab.link_between(&far, &three)?;
    let refused = lab.replug(&link, &far, &one).unwrap_err();
    let Some(LabError::SwitchLoop { switches }) = refused.downcast_ref() else { panic!("{refused}") };
    assert_eq!(switches, &["three", "two", "one"]);
    // Nothing has changed, and a link that closes no loop can be plugged in.
    near.ping(&far).run()?.expect_all()?;
    lab.replug(&link, &far, &apart)?;
    Ok(())
}
