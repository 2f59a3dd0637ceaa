//! Each kind of device: traffic in both directions and both families, observed at the sockets and in the device's own counters, with an
//! unreachable control. Kinds that this kernel lacks are visibly skipped.

#![forbid(unsafe_code)]

mod offloads;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{IpAddr, UdpSocket};
use std::ops::ControlFlow::{Break, Continue};
use std::path::Path;
use std::time::Duration;

use netns_fixtures::Error;
use netns_fixtures::net::address::{IpNet, Subnet};
use netns_fixtures::net::link::{
    Bond, BondMode, Bridge, Dummy, Ifb, IpVlan, IpVlanMode, Kind, LinkKind, MacVlan, MacVlanMode, MacVtap, NewDevice,
    Tap, Tun, Veth, Vlan, Vrf, Vxlan,
};
use netns_fixtures::net::{Device, LabError, Pair, Statistics};
use netns_fixtures::prelude::*;
use netns_fixtures::process::Capability;
use netns_fixtures::requirements::require_program;
use netns_tests::traffic::{
    PATIENCE, SILENCE, arrives, arrives_within, assert_crossed, frame, is_lost, sent_is_heard, socket_on,
};
use nix::sys::socket::{setsockopt, sockopt};

fn counted(host: &Host, device: &Device) -> TestResult<Statistics> {
    Ok(host.statistics(device.name.as_str())?)
}

/// Asserts that a device counted traffic of both families: at least two datagrams in each direction.
fn assert_counted(host: &Host, device: &Device, before: Statistics) -> TestResult {
    let after = counted(host, device)?;
    assert!(after.tx_packets >= before.tx_packets + 2, "{before:?} {after:?}");
    assert!(after.rx_packets >= before.rx_packets + 2, "{before:?} {after:?}");
    Ok(())
}

fn addressed<K: Kind>(subnet: &mut Subnet, device: NewDevice<K>) -> TestResult<NewDevice<K>> {
    let (ipv4, ipv6) = subnet.next_host()?;
    Ok(device.address(ipv4).address(ipv6))
}

/// Puts the devices on the ends of a pair's link in a common subnet and exchanges datagrams; then removes one device, and nothing arrives.
fn talk_over_devices<K: LinkKind>(net: &mut Pair, device: impl Fn(&Host, &Host) -> NewDevice<K>) -> TestResult {
    for host in [&net.client, &net.server] {
        // Otherwise the lower device answers for the upper one; source: ip-sysctl.rst.
        host.set_sysctl("net.ipv4.conf.all.arp_ignore", "1")?;
    }
    let mut subnet = net.lab.subnet(2)?;
    let here = net.client.add_device(addressed(&mut subnet, device(&net.client, &net.server))?)?;
    let there = net.server.add_device(addressed(&mut subnet, device(&net.server, &net.client))?)?;
    let before = (counted(&net.client, &here)?, counted(&net.server, &there)?);
    assert_crossed((&net.client, &here.addresses), (&net.server, &there.addresses))?;
    assert_counted(&net.client, &here, before.0)?;
    assert_counted(&net.server, &there, before.1)?;

    for (here, there) in here.addresses.iter().zip(&there.addresses) {
        assert!(arrives((&net.client, here.addr()), (&net.server, there.addr()))?);
    }
    assert_gone(&net.client, here.addresses[0].addr(), &net.server, &there)
}

/// The control: the same datagram does not arrive after the device is removed.
fn assert_gone(from: &Host, address: IpAddr, host: &Host, device: &Device) -> TestResult {
    let socket = host.udp_socket(0)?;
    let to = (device.addresses[0].addr(), socket.local_addr()?.port());
    let here = socket_on(from, address, SILENCE)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    here.send_to(b"?", to)?;
    socket.recv(&mut [0; 8])?;
    host.remove_device(device.name.as_str())?;
    socket.set_read_timeout(Some(SILENCE))?;
    here.send_to(b"?", to)?;
    assert!(socket.recv(&mut [0; 8]).is_err(), "by a device that is gone");
    Ok(())
}

#[netns_test]
fn macvlan(mut net: Pair) -> TestResult {
    talk_over_devices(&mut net, |_, _| MacVlan::on("eth0"))
}

#[netns_test]
fn macvtap(mut net: Pair) -> TestResult {
    talk_over_devices(&mut net, |_, _| MacVtap::on("eth0"))
}

#[netns_test]
fn vxlan(mut net: Pair) -> TestResult {
    talk_over_devices(&mut net, |here, there| {
        Vxlan::new(7).local(here.ipv4()).remote(there.ipv4()).without_learning()
    })?;
    let other = Vxlan::new(8).local(net.client.ipv6()).remote(net.server.ipv6()).port(4790).over("eth0");
    assert_eq!(net.client.add_device(other)?.name.as_str(), "vxlan1");
    Ok(())
}

#[netns_test(requires(vlan))]
fn vlan(mut net: Pair) -> TestResult {
    talk_over_devices(&mut net, |_, _| Vlan::on("eth0", 10))?;
    // The control: frames of one tag do not reach another.
    let mut subnet = net.lab.subnet(2)?;
    let here = net.client.add_device(addressed(&mut subnet, Vlan::on("eth0", 20))?)?;
    let there = net.server.add_device(addressed(&mut subnet, Vlan::on("eth0", 30))?)?;
    assert_eq!((here.name.as_str(), there.name.as_str()), ("eth0.20", "eth0.30"));
    assert!(is_lost((&net.client, here.addresses[0].addr()), (&net.server, there.addresses[0].addr()))?);
    Ok(())
}

#[netns_test(requires(ipvlan))]
fn ipvlan(mut net: Pair) -> TestResult {
    talk_over_devices(&mut net, |_, _| IpVlan::on("eth0"))?;
    // All devices on one parent have the mode of the last one.
    net.client.add_device(IpVlan::on("eth0").mode(IpVlanMode::L3Symmetric))?;
    Ok(())
}

/// The mode decides whether two devices on one parent reach each other; both reach other hosts.
#[netns_test]
fn the_mode_of_macvlans_decides_who_reaches_whom(net: Pair) -> TestResult {
    for (mode, reaches) in [(MacVlanMode::Bridge, true), (MacVlanMode::Private, false)] {
        let one = net.client.add_device(MacVlan::on("eth0").mode(mode))?;
        let other = net.client.add_device(MacVlan::on("eth0").mode(mode))?;
        let mut wire = File::from(net.client.packet_socket(one.name.as_str())?);
        let mut beside = File::from(net.client.packet_socket(other.name.as_str())?);
        let wait = if reaches { PATIENCE } else { SILENCE };
        assert_eq!(sent_is_heard(wait, &mut wire, Some(&mut beside), &frame(other.mac, one.mac))?, reaches, "{mode:?}");
        let mut outside = File::from(net.server.packet_socket("eth0")?);
        let to_server = frame(net.server.mac("eth0")?, one.mac);
        assert!(sent_is_heard(PATIENCE, &mut wire, Some(&mut outside), &to_server)?, "{mode:?}");
        for device in [one, other] {
            net.client.remove_device(device.name.as_str())?;
        }
    }
    Ok(())
}

#[netns_test]
fn veth_between_hosts_that_are_up(mut net: Pair) -> TestResult {
    let mut subnet = net.lab.subnet(2)?;
    let ((ipv4, ipv6), (far_ipv4, far_ipv6)) = (subnet.next_host()?, subnet.next_host()?);
    let cable =
        Veth::to(&net.server).address(ipv4).address(ipv6).mtu(1400).peer_address(far_ipv4).peer_address(far_ipv6);
    let [near, far] = net.client.add_veth(cable)?;
    assert_eq!((near.name.as_str(), far.name.as_str()), ("veth0", "veth0"));
    let before = (counted(&net.client, &near)?, counted(&net.server, &far)?);
    assert_crossed((&net.client, &near.addresses), (&net.server, &far.addresses))?;
    assert_counted(&net.client, &near, before.0)?;
    assert_counted(&net.server, &far, before.1)?;
    net.client.link_down("veth0")?;
    assert!(is_lost((&net.server, far_ipv4.addr().into()), (&net.client, ipv4.addr().into()))?);

    // Both ends in one host, and taken names.
    let [one, other] = net.client.add_veth(Veth::to(&net.client))?;
    assert_eq!((one.name.as_str(), other.name.as_str()), ("veth1", "veth2"));
    let taken = net.client.add_veth(Veth::to(&net.server).peer_named("eth0")).unwrap_err();
    assert!(
        matches!(taken.downcast_ref(), Some(LabError::DuplicateDevice { host, .. }) if host == "server"),
        "{taken}"
    );
    net.client.remove_device("veth1")?;
    Ok(())
}

/// Two hosts whose only path is the bridge of a third.
#[netns_test]
fn bridge(mut lab: Lab) -> TestResult {
    let [one, middle, other] = ["one", "middle", "other"].map(|name| lab.host(name));
    for host in [&one, &other] {
        lab.link(host, &middle).unnumbered();
    }
    lab.up()?;
    let mut subnet = lab.subnet(2)?;
    for host in [&one, &other] {
        let (ipv4, ipv6) = subnet.next_host()?;
        host.add_address("eth0", ipv4.into())?;
        host.add_address("eth0", ipv6.into())?;
    }
    let ends = [one.device("eth0")?.addresses, other.device("eth0")?.addresses];
    let (here, there) = ((&one, ends[0][0].addr()), (&other, ends[1][0].addr()));
    assert!(is_lost(here, there)?, "without the bridge");
    let device = middle.add_device(Bridge::new().port("eth0").port("eth1"))?;
    // Forces a new lookup of a neighbour that has just failed.
    one.remove_neighbour("eth0", there.1)?;
    let before = (middle.statistics("eth0")?, middle.statistics("eth1")?);
    assert_crossed((&one, &ends[0]), (&other, &ends[1]))?;
    for (port, before) in [("eth0", before.0), ("eth1", before.1)] {
        assert_counted(&middle, &middle.device(port)?, before)?;
    }
    let learned = middle.fdb()?;
    for (host, port) in [(&one, "eth0"), (&other, "eth1")] {
        let index = middle.device(port)?.index;
        assert!(
            learned.iter().any(|entry| entry.mac == host.mac("eth0").unwrap() && entry.device == index),
            "{learned:?}"
        );
    }
    middle.link_down(device.name.as_str())?;
    assert!(is_lost(here, there)?, "by a bridge that is down");
    Ok(())
}

#[netns_test]
fn ifb(net: Pair) -> TestResult {
    require_program("tc")?;
    let device = net.server.add_device(Ifb::new().down())?;
    // Otherwise it would count the host's own IPv6 messages.
    net.server.set_sysctl("net.ipv6.conf.ifb0.disable_ipv6", "1")?;
    net.server.link_up("ifb0")?;
    let tc = |words: &str| -> TestResult {
        let mut tc = net.server.command("tc")?;
        tc.args(words.split(' ')).keep_capabilities([Capability::NET_ADMIN]);
        tc.output()?.success()?;
        Ok(())
    };
    assert_eq!(counted(&net.server, &device)?.rx_packets, 0);
    assert!(arrives((&net.client, net.client.addr()), (&net.server, net.server.addr()))?);
    assert_eq!(counted(&net.server, &device)?.rx_packets, 0, "the control: nothing was redirected yet");
    tc("qdisc add dev eth0 ingress")?;
    tc("filter add dev eth0 parent ffff: protocol all u32 match u32 0 0 action mirred egress redirect dev ifb0")?;
    let before = counted(&net.server, &device)?;
    let of = |host: &Host| host.device("eth0").map(|device| device.addresses);
    assert_crossed((&net.client, &of(&net.client)?), (&net.server, &of(&net.server)?))?;
    let after = counted(&net.server, &device)?;
    // Incoming packets crossed the device: it received them, and sent them back.
    assert!(after.rx_packets >= before.rx_packets + 2, "{before:?} {after:?}");
    assert!(after.tx_packets >= before.tx_packets + 2, "{before:?} {after:?}");
    net.server.link_down("ifb0")?;
    assert!(is_lost((&net.client, net.client.addr()), (&net.server, net.server.addr()))?);
    Ok(())
}

#[netns_test(requires(dummy))]
fn dummy(mut net: Pair) -> TestResult {
    let mut subnet = net.lab.subnet(3)?;
    let device = net.server.add_device(addressed(&mut subnet, Dummy::new())?)?;
    assert_eq!(device.name.as_str(), "dummy0");
    net.client.add_route(subnet.ipv4(), net.server.ipv4())?;
    net.client.add_route(subnet.ipv6(), net.server.ipv6())?;
    let client = net.client.device("eth0")?.addresses;
    assert_crossed((&net.client, &client), (&net.server, &device.addresses))?;
    // A packet that it sends is dropped and counted.
    let (nobody, _) = subnet.next_host()?;
    net.server.set_neighbour("dummy0", nobody.addr(), "02:00:00:00:00:99".parse()?)?;
    let before = counted(&net.server, &device)?;
    net.server.udp_socket(0)?.send_to(b"nowhere", (nobody.addr(), 9))?;
    assert!(counted(&net.server, &device)?.tx_packets > before.tx_packets);
    assert_gone(&net.client, net.client.addr(), &net.server, &device)?;
    Ok(())
}

/// Two links with the same addresses at their near ends, each in its own routing domain.
#[netns_test(requires(vrf))]
fn vrf(mut lab: Lab) -> TestResult {
    let [router, red, blue] = ["router", "red", "blue"].map(|name| lab.host(name));
    for host in [&red, &blue] {
        lab.link(&router, host);
    }
    lab.up()?;
    let domains = [("vrf-red", "eth0", &red), ("vrf-blue", "eth1", &blue)];
    for ((name, port, _), table) in domains.iter().zip(10..) {
        router.add_device(Vrf::new(table).port(*port).named(*name))?;
        // Both families' addresses still exist.
        assert_eq!(router.addresses(port)?.len(), 2, "{port}");
        // A new address also works: its route is in the domain's table, and in no other.
        router.add_address(port, "2001:db8::1/64".parse()?)?;
    }
    for (name, port, host) in domains {
        let mine = router.device(port)?.addresses;
        for (address, to) in mine.iter().zip(&host.device("eth0")?.addresses) {
            let before = router.statistics(name)?;
            let heard_in = |domain: &str, wait: Duration| -> TestResult<bool> {
                let socket = router.run(|| {
                    UdpSocket::bind((
                        if address.addr().is_ipv4() { IpAddr::from([0; 4]) } else { IpAddr::from([0; 16]) },
                        0,
                    ))
                })??;
                socket.set_read_timeout(Some(wait))?;
                setsockopt(&socket, sockopt::BindToDevice, &domain.into())?;
                let port = socket.local_addr()?.port();
                let here = socket_on(host, to.addr(), wait)?;
                here.send_to(b"?", (address.addr(), port))?;
                let Ok((_, from)) = socket.recv_from(&mut [0; 8]) else { return Ok(false) };
                socket.send_to(b"!", from)?;
                Ok(here.recv(&mut [0; 8]).is_ok())
            };
            assert!(heard_in(name, PATIENCE)?, "{name} {address}");
            assert!(!heard_in(if name == "vrf-red" { "vrf-blue" } else { "vrf-red" }, SILENCE)?, "{name} {address}");
            assert!(router.statistics(name)?.rx_packets > before.rx_packets);
        }
    }
    Ok(())
}

#[netns_test(requires(bond))]
fn bond(mut lab: Lab) -> TestResult {
    let [one, other] = ["one", "other"].map(|name| lab.host(name));
    for _ in 0..2 {
        lab.link(&one, &other).unnumbered();
    }
    let mut subnet = lab.subnet(2)?;
    for host in [&one, &other] {
        let bond = Bond::new(BondMode::ActiveBackup).port("eth0").port("eth1").named("bond9");
        lab.device(host, addressed(&mut subnet, bond)?);
    }
    lab.up()?;
    let ends = [one.device("bond9")?, other.device("bond9")?];
    let before = (counted(&one, &ends[0])?, counted(&other, &ends[1])?);
    let crossed = || assert_crossed((&one, &ends[0].addresses), (&other, &ends[1].addresses));
    // The bond gets a carrier once it has checked its ports.
    let patience = Deadline::after(Duration::from_secs(5));
    let pair = ((&one, ends[0].addresses[0].addr()), (&other, ends[1].addresses[0].addr()));
    let settle = || {
        wait_until(patience, Duration::from_millis(20), || match arrives_within(SILENCE, pair.0, pair.1) {
            Ok(true) => Break(()),
            seen => Continue(seen.is_ok()),
        })
    };
    settle()?;
    crossed()?;
    assert_counted(&one, &ends[0], before.0)?;
    assert_counted(&other, &ends[1], before.1)?;
    // One of the links goes down, and then the other.
    one.link_down("eth0")?;
    settle()?;
    crossed()?;
    one.link_down("eth1")?;
    assert!(is_lost(pair.0, pair.1)?);
    Ok(())
}

/// Reverses an IPv4 or IPv6 packet: it swaps the addresses and the ports, which keeps every checksum valid.
fn turned_round(packet: &[u8]) -> Vec<u8> {
    let mut reply = packet.to_vec();
    let (addresses, length, ports) = if packet[0] >> 4 == 4 { (12, 4, 20) } else { (8, 16, 40) };
    for (at, length) in [(addresses, length), (ports, 2)] {
        let (first, second) = reply[at..at + 2 * length].split_at_mut(length);
        first.swap_with_slice(second);
    }
    reply
}

#[netns_test(requires(tun))]
fn tun(mut lab: Lab) -> TestResult {
    let host = lab.host("host");
    lab.up()?;
    let mut subnet = lab.subnet(2)?;
    let mut tun = host.open_device(addressed(&mut subnet, Tun::new())?)?;
    assert_eq!(tun.device.name.as_str(), "tun0");
    let other = subnet.next_host()?;
    for (address, to) in tun.device.addresses.clone().iter().zip([IpAddr::from(other.0.addr()), other.1.addr().into()])
    {
        let before = counted(&host, &tun.device)?;
        let socket = socket_on(&host, address.addr(), SILENCE)?;
        socket.send_to(b"echo", (to, 7))?;
        let mut packet = [0; 1500];
        let length = loop {
            let length = tun.descriptor.read(&mut packet)?;
            // IPv6 also sends router solicitations.
            if packet[..length].ends_with(b"echo") {
                break length;
            }
        };
        assert!(socket.recv(&mut [0; 8]).is_err(), "the control: nobody has answered yet");
        socket.set_read_timeout(Some(PATIENCE))?;
        tun.descriptor.write_all(&turned_round(&packet[..length]))?;
        let mut heard = [0; 8];
        let (length, from) = socket.recv_from(&mut heard)?;
        assert_eq!((&heard[..length], from), (b"echo".as_slice(), (to, 7).into()));
        let after = counted(&host, &tun.device)?;
        assert!(after.tx_packets > before.tx_packets && after.rx_packets > before.rx_packets);
    }
    drop(tun.descriptor);
    assert!(host.statistics("tun0").is_err(), "the device goes with its descriptor");
    Ok(())
}

#[netns_test(requires(tap))]
async fn tap(mut lab: Lab) -> TestResult {
    let host = lab.host("host");
    lab.up()?;
    let mut subnet = lab.subnet(2)?;
    let tap = host.open_device(addressed(&mut subnet, Tap::new())?.mac("02:00:00:00:00:07".parse()?))?;
    assert_eq!(tap.device.mac.to_string(), "02:00:00:00:00:07");
    let descriptor = host.tokio_descriptor(tap.descriptor.into())?;
    let other = subnet.next_host()?;
    for (address, to) in tap.device.addresses.iter().zip([IpAddr::from(other.0.addr()), other.1.addr().into()]) {
        host.set_neighbour("tap0", to, "02:00:00:00:00:99".parse()?)?;
        let socket = socket_on(&host, address.addr(), PATIENCE)?;
        socket.send_to(b"echo", (to, 7))?;
        let mut frame = [0; 1514];
        let length = loop {
            let mut ready = descriptor.readable().await?;
            match ready.try_io(|tap| Ok(nix::unistd::read(tap, &mut frame)?)) {
                Ok(length) if frame[..*length.as_ref().unwrap_or(&0)].ends_with(b"echo") => break length?,
                Ok(_) | Err(_) => {}
            }
        };
        assert_eq!(frame[..6], [2, 0, 0, 0, 0, 0x99]);
        let mut reply = [&frame[6..12], &frame[..6], &frame[12..14]].concat();
        reply.extend(turned_round(&frame[14..length]));
        nix::unistd::write(descriptor.get_ref(), &reply)?;
        let mut heard = [0; 8];
        assert_eq!(socket.recv_from(&mut heard)?, (4, (to, 7).into()));
    }
    let after = counted(&host, &tap.device)?;
    assert!(after.tx_packets >= 2 && after.rx_packets >= 2, "{after:?}");
    Ok(())
}

/// Generated names skip taken ones; names that the test chose do not.
#[netns_test]
fn a_name_that_is_taken_is_passed_over_only_where_it_was_made_up(net: Pair) -> TestResult {
    require_program("ip")?;
    let mut ip = net.client.command("ip")?;
    ip.args(["link", "add", "ifb0", "type", "ifb"]).keep_capabilities([Capability::NET_ADMIN]).output()?.success()?;
    assert_eq!(net.client.add_device(Ifb::new())?.name.as_str(), "ifb1");
    let taken = net.client.add_device(Ifb::new().named("ifb0")).unwrap_err();
    assert!(
        matches!(taken.downcast_ref(), Some(LabError::DuplicateDevice { host, device, .. }) if host == "client" && device == "ifb0"),
        "{taken}"
    );
    Ok(())
}

/// The error for a missing kind names the remedy of this kernel; the table of requirements lists the kinds that this kernel has.
#[netns_test]
fn a_kind_that_the_kernel_lacks_is_reported_with_its_remedy(net: Pair) -> TestResult {
    let made: [(&str, Result<Device, Error>); 4] = [
        ("vlan", net.client.add_device(Vlan::on("eth0", 10))),
        ("dummy", net.client.add_device(Dummy::new())),
        ("vrf", net.client.add_device(Vrf::new(10))),
        ("macvlan", net.client.add_device(MacVlan::on("eth0"))),
    ];
    for (kind, made) in made {
        match (netns_fixtures::requirements::check(kind)?, made) {
            (None, Ok(device)) => assert!(net.client.addresses(device.name.as_str())?.is_empty()),
            (Some(_), Err(error)) => {
                assert!(matches!(error.downcast_ref(), Some(LabError::Unsupported { .. })), "{error}");
                let text = format!("{error:#}");
                let remedy =
                    if Path::new("/proc/modules").exists() { "modprobe" } else { "this one does not load modules" };
                assert!(text.contains(remedy) && text.contains(&format!("requires({kind})")), "{text}");
            }
            (unmet, made) => panic!("{kind}: {unmet:?}, {made:?}"),
        }
    }
    Ok(())
}

/// If the kernel refuses the configuration of a new device, the device is removed again.
#[netns_test]
fn a_device_that_could_not_be_configured_is_not_there(net: Pair) -> TestResult {
    let devices = || -> TestResult<BTreeSet<String>> {
        let text = net.client.run(|| std::fs::read_to_string("/proc/thread-self/net/dev"))??;
        Ok(text.lines().skip(2).filter_map(|line| Some(line.trim().split_once(':')?.0.to_owned())).collect())
    };
    let before = devices()?;
    // The device exists when the kernel refuses its second address, a group.
    let (good, group): (IpNet, IpNet) = ("192.0.2.1/24".parse()?, "ff02::7/64".parse()?);
    let refused = net.client.add_device(MacVlan::on("eth0").address(good).address(group)).unwrap_err();
    assert!(format!("{refused:#}").contains("the address ff02::7/64 of macvlan0 of \"client\""), "{refused}");
    assert_eq!(devices()?, before);
    let twice = net.client.add_device(MacVlan::on("eth0").address(good).address(good)).unwrap_err();
    assert!(matches!(twice.downcast_ref(), Some(LabError::AddressTwice { .. })), "{twice}");
    assert_eq!(devices()?, before);
    let group = net.client.add_device(MacVlan::on("eth0").mac("01:00:5e:00:00:01".parse()?));
    assert!(group.is_err());
    assert_eq!(devices()?, before);
    assert!(net.client.add_device(Bridge::new().port("eth0").port("eth7")).is_err());
    assert_eq!(devices()?, before);
    Ok(())
}

#[netns_test]
fn a_cable_whose_near_end_is_down_carries_when_that_is_up(mut net: Pair) -> TestResult {
    let mut subnet = net.lab.subnet(2)?;
    let ((ipv4, ipv6), (far_ipv4, far_ipv6)) = (subnet.next_host()?, subnet.next_host()?);
    let cable = Veth::to(&net.server).down().address(ipv4).address(ipv6).peer_address(far_ipv4).peer_address(far_ipv6);
    let [near, far] = net.client.add_veth(cable)?;
    assert!(is_lost((&net.server, far_ipv4.addr().into()), (&net.client, ipv4.addr().into()))?);
    net.client.link_up(near.name.as_str())?;
    // The kernel may have dropped the failed entry already, with the carrier.
    match net.server.remove_neighbour(far.name.as_str(), ipv4.addr()) {
        Err(error) if error.raw_os_error() == Some(nix::libc::ENOENT) => {}
        removed => removed?,
    }
    assert_crossed((&net.client, &near.addresses), (&net.server, &far.addresses))
}

/// Both ends of a cable have its MTU, so both families of both ends must allow it.
#[netns_test]
fn the_mtu_of_a_cable_is_that_of_its_far_end(net: Pair) -> TestResult {
    let cable =
        |bytes| Veth::to(&net.server).mtu(bytes).peer_address("2001:db8::1/64".parse::<IpNet>().expect("an address"));
    let refused = net.client.add_veth(cable(1279)).unwrap_err();
    assert!(matches!(refused.downcast_ref(), Some(LabError::MtuTooSmall { mtu: 1279, .. })), "{refused}");
    let [near, far] = net.client.add_veth(cable(1280))?;
    for (host, device) in [(&net.client, near), (&net.server, far)] {
        let mtu = host.sysctl(&format!("net/ipv6/conf/{}/mtu", device.name))?;
        assert_eq!(mtu, "1280", "{device:?}");
    }
    Ok(())
}

/// The removal of one end removes the other, without a notice to its host.
#[netns_test]
fn a_cable_is_laid_again_under_its_names(net: Pair) -> TestResult {
    for _ in 0..3 {
        let cable = Veth::to(&net.server).named("wan0").peer_named("lan0");
        let [near, _] = net.client.add_veth(cable)?;
        net.client.remove_device(near.name.as_str())?;
        assert!(net.client.device("wan0").is_err());
    }
    // The control: a new device does not replace an existing one.
    net.client.add_veth(Veth::to(&net.server).named("wan0").peer_named("lan0"))?;
    let taken = net.client.add_veth(Veth::to(&net.server).named("wan1").peer_named("lan0")).unwrap_err();
    assert!(
        matches!(taken.downcast_ref(), Some(LabError::DuplicateDevice { host, .. }) if host == "server"),
        "{taken}"
    );
    Ok(())
}
