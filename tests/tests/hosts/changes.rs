//! Changes of the addresses and devices of a running host.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use netns_fixtures::net::address::{IpNet, Ipv6Net, MacAddr, offset_address};
use netns_fixtures::net::link::{Bridge, BridgePort, Tun, Veth};
use netns_fixtures::net::{LabError, NewRoute, Pair};
use netns_fixtures::prelude::*;
use netns_fixtures::probe::{ProbeError, Protocol};
use netns_fixtures::{ErrorKind, KernelError};
use netns_tests::witness::ip;
use netns_tests::witness::skip;
use rtnetlink::LinkUnspec;

#[netns_test]
fn addresses_come_and_go(net: Pair) -> TestResult {
    let socket = net.server.udp_socket(53)?;
    // A short wait for packets that must not arrive, and a long one for packets that must: a busy machine is slow.
    let (silence, patience) = (Duration::from_millis(100), Duration::from_secs(5));
    let arrives_within = |wait: Duration, address: IpNet| -> TestResult<bool> {
        socket.set_read_timeout(Some(wait))?;
        net.client.udp_socket(0)?.send_to(b"?", (address.addr(), 53))?;
        Ok(socket.recv(&mut [0; 8]).is_ok())
    };
    for address in ["192.0.2.1/24", "2001:db8::1/64"] {
        let address: IpNet = address.parse()?;
        net.client.add_address("eth0", offset_address(address, 1)?)?;
        assert!(!arrives_within(silence, address)?);
        net.server.add_address("eth0", address)?;
        // The first request had no receiver; the next one need not wait for its time-out.
        net.client.set_neighbour("eth0", address.addr(), net.server.mac("eth0")?)?;
        // The kernel now sends the datagram that waited for the neighbour.
        assert!(arrives_within(patience, address)?);
        socket.set_read_timeout(Some(silence))?;
        while socket.recv(&mut [0; 8]).is_ok() {}
        assert!(arrives_within(patience, address)?);
        assert!(net.server.addresses("eth0")?.contains(&address));
        assert!(net.server.device("eth0")?.addresses.contains(&address));
        assert!(net.server.add_address("eth0", address).is_err());
        net.server.remove_address("eth0", address)?;
        assert!(!net.server.addresses("eth0")?.contains(&address));
        assert!(!net.server.device("eth0")?.addresses.contains(&address));
        assert!(!arrives_within(silence, address)?);
        assert!(net.server.remove_address("eth0", address).is_err());
    }
    Ok(())
}

/// RFC 4862: the owner of an address announces it, and the other host cannot take it.
#[netns_test]
fn an_address_that_another_has_is_not_given(net: Pair) -> TestResult {
    let taken = Ipv6Net::new(net.server.ipv6(), 64)?;
    let before = net.client.addresses("eth0")?;
    let refused = net.client.add_unique_address("eth0", taken).unwrap_err();
    assert!(
        matches!(refused.downcast_ref(), Some(LabError::Duplicate { host, address }) if host == "client" && *address == taken.addr()),
        "{refused}"
    );
    assert_eq!(net.client.addresses("eth0")?, before);
    assert_eq!(net.client.sysctl("net.ipv6.conf.eth0.accept_dad")?, "0", "the setting of the batch is undone");
    // The control: an address that is free.
    let free = offset_address(taken.into(), 7)?;
    let IpNet::V6(free) = free else { unreachable!("an offset keeps the family") };
    net.client.add_unique_address("eth0", free)?;
    let _listener = net.client.tcp_listener(80)?;
    net.server.tcp_connect((free.addr(), 80))?;
    Ok(())
}

#[netns_test]
fn a_link_looks_for_duplicates_where_it_is_asked_to(mut lab: Lab) -> TestResult {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    lab.link(&a, &b).detect_duplicates();
    lab.link(&a, &b);
    lab.up()?;
    assert_eq!([a.sysctl("net.ipv6.conf.eth0.accept_dad")?, a.sysctl("net.ipv6.conf.eth1.accept_dad")?], ["1", "0"]);
    let _listener = b.tcp_listener(80)?;
    a.tcp_connect((b.ipv6(), 80))?;
    Ok(())
}

#[netns_test]
fn a_link_local_address_is_given_and_taken_like_any_other(net: Pair) -> TestResult {
    let address: IpNet = "fe80::1234/64".parse()?;
    let before = net.server.device("eth0")?.addresses;
    net.server.add_address("eth0", address)?;
    net.client.ping(address.addr()).device("eth0").run()?.expect_all()?;
    assert_eq!(net.server.device("eth0")?.addresses, before, "it is none of the host's own");
    net.server.remove_address("eth0", address)?;
    let gone = net.client.ping(address.addr()).device("eth0").count(1).timeout(Duration::from_millis(200)).run()?;
    assert!(gone.expect_any().is_err());
    Ok(())
}

/// With a smaller MTU the kernel would silently remove IPv6 from the device.
#[netns_test]
fn an_mtu_that_ends_ipv6_is_refused(net: Pair) -> TestResult {
    let before = net.client.addresses("eth0")?;
    let refused = net.client.set_mtu("eth0", 1279).unwrap_err();
    assert!(
        matches!(refused.downcast_ref(), Some(LabError::MtuTooSmall { mtu: 1279, minimum: 1280, .. })),
        "{refused}"
    );
    net.client.set_mtu("eth0", 1280)?;
    assert_eq!(net.client.addresses("eth0")?, before);
    // Without IPv6 the device has nothing to lose.
    net.client.remove_address("eth0", Ipv6Net::new(net.client.ipv6(), 64)?.into())?;
    net.client.set_mtu("eth0", 68)?;
    Ok(())
}

#[netns_test]
fn the_other_addresses_of_a_subnet_stay(net: Pair) -> TestResult {
    let [first, second, third] = ["192.0.2.1/24", "192.0.2.2/24", "192.0.2.3/24"].map(str::parse::<IpNet>);
    let (first, second, third) = (first?, second?, third?);
    for address in [first, second, third] {
        net.client.add_address("eth0", address)?;
    }
    net.client.remove_address("eth0", first)?;
    let shown = net.client.addresses("eth0")?;
    assert!(shown.contains(&second) && shown.contains(&third) && !shown.contains(&first), "{shown:?}");
    assert_eq!(net.client.device("eth0")?.addresses.into_iter().collect::<BTreeSet<_>>(), shown);
    Ok(())
}

/// A device that is down cannot check for duplicate addresses.
#[netns_test]
fn an_address_is_not_called_unique_where_nobody_was_asked(net: Pair) -> TestResult {
    let before = net.client.addresses("eth0")?;
    net.client.link_down("eth0")?;
    let taken = Ipv6Net::new(net.server.ipv6(), 64)?;
    let refused = net.client.add_unique_address("eth0", taken).unwrap_err();
    assert!(
        matches!(refused.downcast_ref(), Some(LabError::Mismatch { expected, .. }) if expected == "up"),
        "{refused}"
    );
    net.client.link_up("eth0")?;
    assert_eq!(net.client.addresses("eth0")?, before);
    Ok(())
}

/// Shows foreign objects unchanged: routes with several next hops or a next hop of the other family, and the ends of a point-to-point link.
/// On these devices the kernel files every IPv4 neighbour under 0.0.0.0; source: `arp_constructor` in net/ipv4/arp.c.
#[netns_test(requires(tun))]
fn a_device_without_neighbours_gets_none(net: Pair) -> TestResult {
    let tun = net.client.open_device(Tun::new())?;
    let mac: MacAddr = "02:00:00:00:00:99".parse()?;
    let before = ip(&net.client, "neighbour show nud all")?;
    for device in ["lo", tun.device.name.as_str()] {
        let refused = net.client.set_neighbour(device, "192.0.2.9".parse::<IpAddr>()?, mac).unwrap_err();
        assert!(matches!(refused.downcast_ref(), Some(LabError::NoNeighbours { .. })), "{refused}");
    }
    assert_eq!(ip(&net.client, "neighbour show nud all")?, before);
    // The control: another device takes it.
    net.client.set_neighbour("eth0", "192.0.2.9".parse::<IpAddr>()?, mac)?;
    assert!(ip(&net.client, "neighbour show")?.contains("192.0.2.9 dev eth0 lladdr 02:00:00:00:00:99 PERMANENT"));
    Ok(())
}

/// A program in the host renames each new device at once, so no lookup by name is safe. Before Linux 6.2 the kernel does not report the index of
/// a new device, so one that is renamed before the first lookup stays.
#[netns_test]
async fn a_device_that_is_renamed_while_it_is_made_is_returned_or_removed(net: Pair) -> TestResult {
    const RENAMED: usize = 10;
    const ATTEMPTS: usize = 500;
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let mut numbers = release.split(['.', '-']).map(str::parse::<u32>);
    if (numbers.next().ok_or("a version")??, numbers.next().ok_or("a version")??) < (6, 2) {
        skip("requires Linux 6.2: before, the kernel does not report the index of a new device");
        return Ok(());
    }
    let host = net.client.clone();
    let renamed = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&renamed);
    let adding = tokio::task::spawn_blocking(move || {
        let goes_on = |_: &usize| seen.load(Ordering::Relaxed) < RENAMED;
        let attempts = (0..ATTEMPTS).take_while(goes_on);
        attempts.map(|_| host.add_device(Bridge::new()).map(|device| device.index)).collect::<Vec<_>>()
    });
    let links = net.client.rtnetlink()?;
    while !adding.is_finished() {
        for device in net.client.devices()?.iter().filter(|device| device.name.as_str().starts_with("bridge")) {
            let other = LinkUnspec::new_with_index(device.index).name(format!("other{}", device.index)).build();
            // The device may be gone.
            let is_renamed = links.link().set(other).execute().await.is_ok();
            renamed.fetch_add(usize::from(is_renamed), Ordering::Relaxed);
        }
    }
    let added = adding.await?;
    let expected: BTreeSet<u32> = added.iter().filter_map(|one| one.as_ref().ok().copied()).collect();
    let shown = net.client.devices()?;
    let there: BTreeSet<u32> =
        shown.iter().filter(|device| device.name.as_str() != "eth0").map(|device| device.index).collect();
    assert_eq!(there, expected, "{added:?}");
    let renamed = renamed.load(Ordering::Relaxed);
    assert!(renamed >= RENAMED, "the control: only {renamed} devices of {} were renamed", added.len());
    Ok(())
}

/// A failed batch undoes its first steps, and keeps everything that existed before.
#[netns_test]
fn a_batch_that_fails_leaves_nothing_of_it_and_names_the_change(net: Pair) -> TestResult {
    net.client.set_mtu("eth0", 1300)?;
    let before = (ip(&net.client, "address show")?, ip(&net.client, "-detail link show")?);
    let (good, group): (IpNet, IpNet) = ("192.0.2.1/24".parse()?, "ff02::7/64".parse()?);
    let bridge = Bridge::new().port("eth0").address(good).address(group);
    let refused = net.client.add_device(bridge).unwrap_err();
    let text = refused.to_string();
    assert!(text.contains("cannot add the address ff02::7/64 of bridge0 of \"client\""), "{text}");
    // The kernel does not reuse indices of removed devices, so the comparison is of devices without the kernel's counters.
    let after = (ip(&net.client, "address show")?, ip(&net.client, "-detail link show")?);
    assert_eq!(after, before);
    let taken = net.client.add_address("eth0", IpNet::new(net.client.addr(), 24)?).unwrap_err();
    assert_eq!(taken.raw_os_error(), Some(nix::libc::EEXIST), "{taken}");
    assert!(net.client.addresses("eth0")?.contains(&IpNet::new(net.client.addr(), 24)?), "what was there stays");
    let refusals =
        netns_fixtures::journal::entries().into_iter().filter(|entry| entry.to_string().contains("refused add"));
    assert_eq!(refusals.count(), 2);
    let entries = netns_fixtures::journal::entries();
    assert!(!entries.iter().any(|entry| entry.to_string().contains("refused undo")), "{entries:?}");
    Ok(())
}

/// The far end of a cable cannot have an address, so neither end is left.
#[netns_test]
fn a_cable_that_fails_leaves_none_of_its_ends(net: Pair) -> TestResult {
    let shown = || -> TestResult<_> { Ok([ip(&net.client, "link show")?, ip(&net.server, "link show")?]) };
    let before = shown()?;
    let group: IpNet = "ff02::7/64".parse()?;
    let refused = net.client.add_veth(Veth::to(&net.server).peer_address(group)).unwrap_err();
    assert!(format!("{refused:#}").contains("cannot add the address ff02::7/64 of veth0 of \"server\""), "{refused}");
    assert_eq!(shown()?, before);
    Ok(())
}

/// The kernel rounds the time to its ticks, so it shows another value than the requested one where a tick is longer than a millisecond.
#[netns_test]
fn a_setting_that_the_kernel_changes_is_restored(net: Pair) -> TestResult {
    const SETTING: &str = "net.ipv4.neigh.eth0.retrans_time_ms";
    let Ok(before) = net.client.sysctl(SETTING) else {
        skip("requires a kernel that shows settings of neighbours in a user namespace");
        return Ok(());
    };
    let Err(mismatch) = net.client.set_sysctl(SETTING, "1") else {
        skip("requires a kernel whose tick is longer than a millisecond");
        return Ok(());
    };
    assert_eq!(mismatch.kind(), ErrorKind::Mismatch, "{mismatch}");
    assert_eq!(net.client.sysctl(SETTING)?, before);
    Ok(())
}

/// The error contains the kernel's message about a refusal.
#[netns_test]
fn the_error_has_the_kernels_words(net: Pair) -> TestResult {
    let refused = net.client.set_default_gateway("203.0.113.1".parse::<IpAddr>()?).unwrap_err();
    let Some(KernelError { message: Some(message), .. }) = refused.downcast_ref() else { panic!("{refused:?}") };
    assert_eq!(message, "Nexthop has invalid gateway");
    assert!(format!("{refused:#}").contains(message.as_str()), "{refused}");
    Ok(())
}

#[netns_test]
fn a_removed_device_is_one_that_is_not_there(net: Pair) -> TestResult {
    let server = net.server.ipv4();
    net.client.remove_device("eth0")?;
    for gone in [
        net.client.link_up("eth0"),
        net.client.set_mtu("eth0", 1400),
        net.client.add_address("eth0", "192.0.2.1/24".parse()?),
        net.client.statistics("eth0").map(drop),
        net.client.remove_device("eth0"),
        net.client.set_mac("eth0", "02:00:00:00:00:99".parse()?),
        net.client.set_offloads("eth0", false),
        net.client.remove_address("eth0", "192.0.2.1/24".parse()?),
        net.client.replace_address("eth0", "192.0.2.1/24".parse()?, "192.0.2.2/24".parse()?),
        net.client.add_unique_address("eth0", "2001:db8::1/64".parse()?),
        net.client.addresses("eth0").map(drop),
        net.client.set_neighbour("eth0", server, "02:00:00:00:00:99".parse()?),
        net.client.remove_neighbour("eth0", server),
        net.client.insert_route(NewRoute::to("192.0.2.0/24".parse::<IpNet>()?).device("eth0")),
        net.client.set_bridge_port("eth0", &BridgePort::new()),
        net.client.add_fdb_entry("eth0", "02:00:00:00:00:99".parse()?),
        net.client.remove_fdb_entry("eth0", "02:00:00:00:00:99".parse()?),
        net.client.packet_socket("eth0").map(drop),
        // The removal also removed the other end.
        net.server.link_up("eth0"),
    ] {
        let gone = gone.unwrap_err();
        assert!(matches!(gone.downcast_ref(), Some(LabError::NoSuchDevice { .. })), "{gone}");
        assert!(format!("{gone:#}").contains("it has only lo"), "{gone}");
    }
    let gone = net.client.add_device(Bridge::new().port("eth0")).unwrap_err();
    assert!(matches!(gone.downcast_ref(), Some(LabError::NoSuchDevice { .. })), "{gone}");
    for gone in [
        net.client.ping(server).device("eth0").run().map(drop),
        net.client.arping(server).device("eth0").run().map(drop),
        net.client.echo(server, Protocol::Tcp, 7).device("eth0").run().map(drop),
        net.client.trace(server).device("eth0").run().map(drop),
        net.client.path_mtu(server).device("eth0").run().map(drop),
    ] {
        let gone = gone.unwrap_err();
        assert!(matches!(gone.downcast_ref(), Some(ProbeError::NoSuchDevice { .. })), "{gone}");
    }
    Ok(())
}
