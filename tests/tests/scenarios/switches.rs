//! Switches, VLANs and tunnels: rows 79, 80, 84, 89.

use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::time::Duration;

use netns_fixtures::net::address::IpNet;
use netns_fixtures::net::link::{Bond, BondMode, Bridge, Geneve, Vlan, Vxlan};
use netns_fixtures::net::{Host, LabError};
use netns_fixtures::prelude::*;

use crate::traffic::reaches;

/// Maximum wait for an expected datagram.
const PATIENCE: Duration = Duration::from_secs(5);
/// The wait that proves that nothing arrives.
const SILENCE: Duration = Duration::from_millis(200);

fn is_heard(from: &Host, to: &Host, wait: Duration) -> TestResult<bool> {
    let (sender, receiver) = (from.udp_socket(0)?, to.udp_socket(0)?);
    let to = SocketAddr::new(to.addr(), receiver.local_addr()?.port());
    reaches(&sender, to, &receiver, wait)
}

#[netns_test(requires(bridge_vlan_filtering))]
fn access_ports_of_one_vlan_reach_each_other_only(mut lab: Lab) -> TestResult {
    let switch = lab.switch("switch");
    let [red, red_too, blue, plain] = ["red", "red-too", "blue", "plain"].map(|name| lab.host(name));
    for (host, vlan) in [(&red, 10), (&red_too, 10), (&blue, 20)] {
        lab.link(host, &switch).vlan(vlan);
    }
    lab.link(&plain, &switch);
    lab.up()?;
    assert!(is_heard(&red, &red_too, PATIENCE)?);
    assert!(!is_heard(&red, &blue, SILENCE)?);
    assert!(!is_heard(&plain, &red, SILENCE)?, "untagged frames are in a VLAN of their own");
    Ok(())
}

#[netns_test(requires(bridge_vlan_filtering))]
fn a_trunk_carries_two_vlans_between_switches(mut lab: Lab) -> TestResult {
    let [left, right] = ["left", "right"].map(|name| lab.switch(name));
    lab.link(&left, &right).trunk([10, 20]);
    let [red, red_too, blue] = ["red", "red-too", "blue"].map(|name| lab.host(name));
    lab.link(&red, &left).vlan(10);
    lab.link(&red_too, &right).vlan(10);
    lab.link(&blue, &right).vlan(20);
    lab.up()?;
    assert!(is_heard(&red, &red_too, PATIENCE)?);
    assert!(!is_heard(&red, &blue, SILENCE)?);
    Ok(())
}

#[netns_test(requires(vlan, bridge_vlan_filtering))]
fn a_host_on_a_trunk_has_a_device_in_each_vlan(mut lab: Lab) -> TestResult {
    let switch = lab.switch("switch");
    let [server, red] = ["server", "red"].map(|name| lab.host(name));
    lab.link(&server, &switch).trunk([10]);
    lab.link(&red, &switch).vlan(10).unnumbered();
    lab.device(&server, Vlan::on("eth0", 10).address("10.10.0.1/24".parse::<IpNet>()?));
    lab.up()?;
    red.add_address("eth0", "10.10.0.2/24".parse()?)?;
    red.ping("10.10.0.1".parse::<std::net::IpAddr>()?).run()?.expect_all()?;
    Ok(())
}

/// Without a spanning tree a broadcast would circle forever.
#[netns_test]
fn a_loop_of_switches_is_refused(mut lab: Lab) {
    let [left, right] = ["left", "right"].map(|name| lab.switch(name));
    for name in ["first", "second"] {
        lab.link(&left, &right).named(name);
    }
    let refused = lab.up().expect_err("refused");
    assert!(matches!(refused.downcast_ref(), Some(LabError::SwitchLoop { .. })), "{refused}");
}

/// Two bridges with two cables between them: one forwards, and the other one takes over.
#[netns_test(deadline = "90s")]
fn a_loop_with_a_spanning_tree_has_one_path(mut lab: Lab) -> TestResult {
    let [left, right] = ["left", "right"].map(|name| lab.host(name));
    for name in ["first", "second"] {
        lab.link(&left, &right).named(name).unnumbered();
    }
    let mut subnet = lab.subnet(2)?;
    for host in [&left, &right] {
        let bridge = Bridge::new().named("br").port("eth0").port("eth1").spanning_tree();
        lab.device(host, bridge.address(subnet.next_host()?.0));
    }
    lab.up()?;
    let works = || -> TestResult {
        wait_until(Deadline::after(6 * PATIENCE), Duration::from_millis(50), || {
            match is_heard(&left, &right, SILENCE) {
                Ok(true) => ControlFlow::Break(Ok(())),
                Ok(false) => ControlFlow::Continue("nothing arrives"),
                Err(error) => ControlFlow::Break(Err(error)),
            }
        })??;
        Ok(())
    };
    works()?;
    // In a loop without the protocol, there would be thousands of copies of a broadcast by now.
    let packets = |device| -> TestResult<u64> { Ok(right.statistics(device)?.rx_packets) };
    let received = packets("eth0")? + packets("eth1")?;
    assert!(received < 2000, "{received} packets");
    for cable in ["eth0", "eth1"] {
        left.link_down(cable)?;
        works()?;
        left.link_up(cable)?;
        works()?;
    }
    for cable in ["eth0", "eth1"] {
        left.link_down(cable)?;
    }
    assert!(!is_heard(&left, &right, SILENCE)?, "the control");
    Ok(())
}

/// VXLAN adds 50 bytes to a packet of IPv4; RFC 7348, section 5.
#[netns_test(requires(vxlan))]
fn a_tunnel_has_the_mtu_that_its_header_leaves(mut net: Pair) -> TestResult {
    let mut subnet = net.lab.subnet(2)?;
    let mut ends = Vec::new();
    for (here, there) in [(&net.client, &net.server), (&net.server, &net.client)] {
        let (address, _) = subnet.next_host()?;
        let tunnel = Vxlan::new(7).local(here.ipv4()).remote(there.ipv4()).over("eth0").address(address);
        here.add_device(tunnel)?;
        ends.push(address.addr());
    }
    assert_eq!(net.client.path_mtu(std::net::IpAddr::from(ends[1])).run()?.mtu, 1450);
    assert_eq!(net.client.path_mtu(&net.server).run()?.mtu, 1500, "the link itself");
    Ok(())
}

/// GENEVE without options adds 50 bytes to a packet of IPv4; RFC 8926, section 3.
#[netns_test(requires(geneve))]
fn a_geneve_tunnel_has_the_mtu_that_its_header_leaves(mut net: Pair) -> TestResult {
    let mut subnet = net.lab.subnet(2)?;
    let mut ends = Vec::new();
    for (here, there) in [(&net.client, &net.server), (&net.server, &net.client)] {
        let (address, _) = subnet.next_host()?;
        here.add_device(Geneve::new(7, there.ipv4()).address(address))?;
        ends.push(address.addr());
    }
    assert_eq!(net.client.path_mtu(std::net::IpAddr::from(ends[1])).run()?.mtu, 1450);
    assert!(net.client.add_device(Geneve::new(1 << 24, net.server.ipv4())).is_err(), "the identifier has 24 bits");
    Ok(())
}

#[netns_test(requires(bond))]
fn a_bond_fails_over_to_its_other_port(mut lab: Lab) -> TestResult {
    let [one, other] = ["one", "other"].map(|name| lab.host(name));
    for name in ["first", "second"] {
        lab.link(&one, &other).named(name).unnumbered();
    }
    let mut subnet = lab.subnet(2)?;
    for host in [&one, &other] {
        let bond = Bond::new(BondMode::ActiveBackup).port("eth0").port("eth1");
        lab.device(host, bond.address(subnet.next_host()?.0));
    }
    lab.up()?;
    for port in ["eth0", "eth1"] {
        one.link_down(port)?;
        // The bond notices it at the next check of its ports.
        wait_until(Deadline::after(PATIENCE), Duration::from_millis(20), || match is_heard(&one, &other, SILENCE) {
            Ok(true) => ControlFlow::Break(Ok(())),
            Ok(false) => ControlFlow::Continue("nothing arrives"),
            Err(error) => ControlFlow::Break(Err(error)),
        })??;
        one.link_up(port)?;
    }
    for port in ["eth0", "eth1"] {
        one.link_down(port)?;
    }
    assert!(!is_heard(&one, &other, SILENCE)?, "the control: without a port nothing passes");
    Ok(())
}
