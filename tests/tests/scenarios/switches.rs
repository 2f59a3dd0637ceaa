//! Switches, VLANs and tunnels: rows 79, 80, 82 to 84, 89.

use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::time::Duration;

use netns_fixtures::net::address::IpNet;
use netns_fixtures::net::link::{Bond, BondMode, Bridge, Geneve, Gre, Vlan, Vxlan, WireGuard, WireGuardPeer};
use netns_fixtures::net::{Host, LabError, NewRoute};
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

/// Row 79: VLAN access ports.
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

/// Row 79: a trunk between switches.
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

/// Row 79: a host on a trunk.
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

/// Row 80: a loop of switches is refused: they have no spanning tree.
///
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

/// Row 80: a loop with a spanning tree.
///
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

/// Row 84: VXLAN with its inner MTU.
///
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

/// Row 84: GENEVE with its inner MTU.
///
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

/// Row 84: GRE with its inner MTU.
///
/// GRE adds 24 bytes: a header of IPv4, and its own of four; RFC 2784, section 2.
#[netns_test(requires(gre))]
fn a_gre_tunnel_has_the_mtu_that_its_header_leaves(mut net: Pair) -> TestResult {
    let mut subnet = net.lab.subnet(2)?;
    let mut ends = Vec::new();
    for (here, there) in [(&net.client, &net.server), (&net.server, &net.client)] {
        let (address, _) = subnet.next_host()?;
        here.add_device(Gre::new(here.ipv4(), there.ipv4()).address(address))?;
        ends.push(address.addr());
    }
    assert_eq!(net.client.path_mtu(std::net::IpAddr::from(ends[1])).run()?.mtu, 1476);
    assert_eq!(net.client.path_mtu(&net.server).run()?.mtu, 1500, "the link itself");
    Ok(())
}

/// Row 83: WireGuard: handshake, roaming, addresses that are refused.
///
/// A tunnel that follows the client to another address, and refuses what comes from an address that is not the client's.
#[netns_test(requires(wireguard), deadline = "60s")]
fn a_wireguard_tunnel_follows_its_peer_and_refuses_other_addresses(mut net: Pair) -> TestResult {
    const PORT: u16 = 51820;
    let mut subnet = net.lab.subnet(4)?;
    let mut next = || TestResult::Ok(subnet.next_host()?.0);
    let (of_client, of_server, other) = (next()?, next()?, next()?);
    net.client.add_device(WireGuard::new().named("wg0").address(of_client).address(other))?;
    net.server.add_device(WireGuard::new().named("wg0").address(of_server))?;
    let (client, server) = (net.client.listen_wireguard("wg0", PORT)?, net.server.listen_wireguard("wg0", PORT)?);
    let endpoint = (net.server.ipv4(), PORT);
    let allowed = |address: std::net::Ipv4Addr| IpNet::from(std::net::IpAddr::V4(address));
    net.client
        .set_wireguard_peer("wg0", &WireGuardPeer::new(server).allow(allowed(of_server.addr())).endpoint(endpoint))?;
    net.server.set_wireguard_peer("wg0", &WireGuardPeer::new(client).allow(allowed(of_client.addr())))?;
    let receiver = net.server.udp_socket_at((of_server.addr(), 7))?;
    let to = SocketAddr::from((of_server.addr(), 7));
    let reaches_from = |address: std::net::Ipv4Addr, wait| -> TestResult<bool> {
        reaches(&net.client.udp_socket_at((address, 0))?, to, &receiver, wait)
    };
    let seen = || -> TestResult<_> {
        let peers = net.server.wireguard_peers("wg0")?;
        let [peer] = &peers[..] else { return Err(format!("{peers:?}").into()) };
        Ok((peer.endpoint, peer.last_handshake.is_some(), peer.received_bytes))
    };
    assert_eq!(seen()?, (None, false, 0), "nothing came yet");
    assert!(reaches_from(of_client.addr(), PATIENCE)?);
    let (endpoint, has_handshake, received) = seen()?;
    assert_eq!((endpoint, has_handshake), (Some((net.client.ipv4(), PORT).into()), true));
    assert!(received > 0);
    assert!(!reaches_from(other.addr(), SILENCE)?, "the address is not one of the peer's");
    let (old, new) = (net.client.device("eth0")?.addresses[0], net.client.ipv4());
    // A link has a /24; its first two addresses are the hosts'.
    let beside = IpNet::new(std::net::Ipv4Addr::from(u32::from(new) + 4).into(), old.prefix_len())?;
    net.client.replace_address("eth0", old, beside)?;
    assert!(reaches_from(of_client.addr(), PATIENCE)?, "the tunnel lives");
    assert_eq!(seen()?.0, Some((net.client.ipv4(), PORT).into()), "the server knows the new address");
    net.server.remove_wireguard_peer("wg0", client)?;
    assert!(!reaches_from(of_client.addr(), SILENCE)?, "the control: without the peer nothing passes");
    Ok(())
}

/// Three hosts on the bridge of a fourth: a sender to a group, a member of it, and a stranger.
struct Group {
    sender: std::net::UdpSocket,
    member: std::net::UdpSocket,
    stranger: Host,
}

const GROUP: std::net::Ipv4Addr = std::net::Ipv4Addr::new(239, 1, 2, 3);
const GROUP_PORT: u16 = 5000;

impl Group {
    fn on(lab: &mut Lab, snoops: bool) -> TestResult<Self> {
        let bridge = lab.host("bridge");
        let hosts = ["sender", "member", "stranger"].map(|name| lab.host(name));
        let mut new = Bridge::new().named("br").multicast_snooping(snoops);
        for (host, port) in hosts.iter().zip(["eth0", "eth1", "eth2"]) {
            lab.link(&bridge, host).unnumbered();
            new = new.port(port);
        }
        lab.device(&bridge, new);
        lab.up()?;
        let mut subnet = lab.subnet(3)?;
        for host in &hosts {
            host.add_address("eth0", subnet.next_host()?.0.into())?;
        }
        let [sender, member, stranger] = hosts;
        sender.insert_route(NewRoute::to("224.0.0.0/4".parse::<IpNet>()?).device("eth0"))?;
        let (from, address) = (sender.udp_socket_at((sender.ipv4(), 0))?, member.ipv4());
        let member = member.udp_socket_at((std::net::Ipv4Addr::UNSPECIFIED, GROUP_PORT))?;
        member.join_multicast_v4(&GROUP, &address)?;
        Ok(Self { sender: from, member, stranger })
    }

    /// Sends a hundred datagrams to the group; returns how many the member got, and how many packets the stranger.
    fn received(&self) -> TestResult<(usize, u64)> {
        let before = self.stranger.statistics("eth0")?.rx_packets;
        for _ in 0..100 {
            self.sender.send_to(b"to all", (GROUP, GROUP_PORT))?;
        }
        self.member.set_read_timeout(Some(SILENCE))?;
        let mut of_member = 0;
        while self.member.recv(&mut [0; 16]).is_ok() {
            of_member += 1;
        }
        Ok((of_member, self.stranger.statistics("eth0")?.rx_packets - before))
    }
}

/// Row 82: multicast where the bridge snoops.
#[netns_test(requires(multicast_snooping), deadline = "60s")]
fn a_group_reaches_its_members_alone_where_the_bridge_snoops(mut lab: Lab) -> TestResult {
    let group = Group::on(&mut lab, true)?;
    // In its first ten seconds the bridge does not know all members and floods.
    wait_until(Deadline::after(Duration::from_secs(30)), Duration::from_millis(200), || match group.received() {
        // Hosts send reports and neighbour discovery themselves, a few packets.
        Ok((100, ..20)) => ControlFlow::Break(Ok(())),
        Ok(found) => ControlFlow::Continue(format!("{found:?} arrived")),
        Err(error) => ControlFlow::Break(Err(error)),
    })??;
    Ok(())
}

/// Row 82: multicast where it does not.
#[netns_test(requires(multicast_snooping))]
fn a_group_reaches_all_ports_of_a_bridge_that_does_not_snoop(mut lab: Lab) -> TestResult {
    let (member, stranger) = Group::on(&mut lab, false)?.received()?;
    assert!(member == 100 && stranger >= 100, "{member} and {stranger} arrived");
    Ok(())
}

/// Row 89: a bond fails over.
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
