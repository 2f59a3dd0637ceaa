//! Translations with several outside addresses, and carriers whose subscribers share one.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4, UdpSocket};
use std::time::Duration;

use netns_fixtures::net::address::IpNet;
use netns_fixtures::net::{Nat, NatTransport};
use netns_fixtures::prelude::*;

use crate::nat::{Home, OUTSIDE, bound, home, outside_address};
use crate::traffic::Reflector;

/// Row 31: several outside addresses.
#[netns_test(requires(nat))]
fn each_inside_address_keeps_one_of_several_outside_addresses(mut lab: Lab) -> TestResult {
    let Home { client, neighbour, router, servers: [server, _] } = home(&mut lab)?;
    let first = outside_address(&router)?;
    let IpAddr::V4(first_ipv4) = first else { return Err("IPv4".into()) };
    let second = Ipv4Addr::from(u32::from(first_ipv4) + 20);
    router.add_address(OUTSIDE, IpNet::new(second.into(), 24)?)?;
    let reflector = Reflector::on(&server, 3478)?;
    router.nat(&Nat::home().pool([second]).outside(OUTSIDE))?;
    assert_eq!(reflector.sees(&bound(&client)?)?.ip(), second, "the pool is used, not the first address");
    let gap =
        format!("{:#}", router.nat(&Nat::home().pool([first_ipv4, second]).outside(OUTSIDE)).expect_err("refused"));
    assert!(gap.contains(&second.to_string()), "{gap}");
    let third = Ipv4Addr::from(u32::from(second) + 1);
    router.add_address(OUTSIDE, IpNet::new(third.into(), 24)?)?;
    router.nat(&Nat::home().pool([second, third]).outside(OUTSIDE))?;
    router.flush_nat()?;
    for host in [&client, &neighbour] {
        let [one, other] = [reflector.sees(&bound(host)?)?.ip(), reflector.sees(&bound(host)?)?.ip()];
        assert_eq!(one, other, "all sockets of an inside address have one outside address");
        assert!(one == second || one == third, "{one}");
    }
    Ok(())
}

/// Row 29: CGNAT: two homes share one outside address.
///
/// Carrier-grade NAT: between the homes and their carrier are addresses of RFC 6598.
#[netns_test(requires(nat))]
fn two_homes_share_the_outside_address_of_their_carrier(mut lab: Lab) -> TestResult {
    let access = lab.switch("access");
    access.subnet(&mut lab, "100.64.0.0/24".parse()?, "fd64::/64".parse()?);
    let (carrier, server) = (lab.router("carrier"), lab.host("server"));
    lab.link(&carrier, &access);
    lab.link(&carrier, &server);
    let homes = ["left", "right"].map(|name| (lab.host(format!("{name}-client")), lab.router(format!("{name}-home"))));
    for (client, home) in &homes {
        lab.link(client, home);
        lab.link(home, &access);
        lab.gateway(client, home);
        lab.gateway(home, &carrier);
    }
    lab.up()?;
    carrier.nat(&Nat::port_restricted_cone().outside(OUTSIDE))?;
    let reflector = Reflector::on(&server, 3478)?;
    let mut seen = BTreeSet::new();
    for (client, home) in &homes {
        home.nat(&Nat::home())?;
        let mapped = reflector.sees(&client.udp_socket(40_000)?)?;
        assert_eq!(mapped.ip(), outside_address(&carrier)?);
        seen.insert(mapped);
    }
    assert_eq!(seen.len(), 2, "each home has a port of its own: {seen:?}");
    let insides: Vec<_> = carrier.nat_mappings()?.into_iter().map(|mapping| mapping.inside.ip().octets()).collect();
    assert!(insides.len() == 2 && insides.iter().all(|inside| inside[..2] == [100, 64]), "{insides:?}");
    Ok(())
}

/// Row 29: CGNAT with blocks of ports.
///
/// Each inside address has the ports of its block, and nobody else has them.
#[netns_test(requires(nat), deadline = "90s")]
fn each_subscriber_of_a_carrier_has_a_block_of_ports(mut lab: Lab) -> TestResult {
    let Home { client, neighbour, router, servers: [server, _] } = home(&mut lab)?;
    let reflector = Reflector::on(&server, 3478)?;
    let carrier = || Nat::full_cone().keeping_ports(false).outside(OUTSIDE);
    router.nat(&carrier().port_block(client.ipv4(), 2000..=2007).port_block(neighbour.ipv4(), 3000..=3999))?;
    // A datagram finds one free port of eight in 41% of cases: of fifty, one does.
    let mapped = |socket: &UdpSocket| -> TestResult<Option<u16>> {
        for _ in 0..50 {
            if let Some(seen) = reflector.sees_within(socket, Duration::from_millis(50))? {
                return Ok(Some(seen.port()));
            }
        }
        Ok(None)
    };
    let sockets: Vec<UdpSocket> = (0..10).map(|_| bound(&client)).collect::<TestResult<_>>()?;
    let ports: Vec<Option<u16>> = sockets.iter().map(mapped).collect::<TestResult<_>>()?;
    let of_block: BTreeSet<u16> = ports.iter().take(8).copied().flatten().collect();
    assert!(of_block.into_iter().eq(2000..=2007), "a block is used to its last port: {ports:?}");
    assert_eq!(ports[8..], [None, None], "and no further");
    router.flush_nat()?;
    assert!(mapped(&sockets[9])?.is_some(), "the control");
    assert!((3000..=3999).contains(&reflector.sees(&bound(&neighbour)?)?.port()));
    // Others get no port of a block, and lose no packet to it: this one has nearly all of the random ports.
    router.nat(&carrier().port_block(client.ipv4(), 1024..=32_600))?;
    let sockets: Vec<UdpSocket> = (0..8).map(|_| bound(&neighbour)).collect::<TestResult<_>>()?;
    let seen: Vec<u16> = sockets.iter().map(|socket| Ok(reflector.sees(socket)?.port())).collect::<TestResult<_>>()?;
    assert!(seen.iter().all(|port| *port > 32_600), "{seen:?}");
    Ok(())
}

/// Rows 27, 29: outside ports of a range, to exhaustion.
///
/// All mappings of the NAT together have the ports of its range, each one once.
#[netns_test(requires(nat), deadline = "90s")]
fn a_translation_has_the_ports_of_its_range_alone(mut lab: Lab) -> TestResult {
    let Home { client, neighbour, router, servers: [server, _] } = home(&mut lab)?;
    let reflector = Reflector::on(&server, 3478)?;
    let cone = || Nat::full_cone().outside(OUTSIDE);
    let web = |port| (NatTransport::Udp, port, SocketAddrV4::new(neighbour.ipv4(), 80));
    router.nat(&cone())?;
    let outside_of_range = client.udp_socket(50_000)?;
    assert_eq!(reflector.sees(&outside_of_range)?.port(), 50_000, "the control: without a range it is kept");
    // One of the eight ports is forwarded, so that no mapping has it.
    let (transport, port, to) = web(4007);
    router.nat(&cone().ports(4000..=4007).forward(transport, port, to))?;
    router.flush_nat()?;
    // A datagram finds the last free port of seven in 41% of cases: of fifty, one does.
    let mapped = |socket: &UdpSocket| -> TestResult<Option<u16>> {
        for _ in 0..50 {
            if let Some(seen) = reflector.sees_within(socket, Duration::from_millis(50))? {
                return Ok(Some(seen.port()));
            }
        }
        Ok(None)
    };
    assert_eq!(mapped(&client.udp_socket(4003)?)?, Some(4003), "a port of the range is kept");
    let mut sockets = vec![outside_of_range];
    for host in [&client, &neighbour].into_iter().cycle().take(7) {
        sockets.push(bound(host)?);
    }
    let ports: Vec<Option<u16>> = sockets.iter().map(mapped).collect::<TestResult<_>>()?;
    let used: BTreeSet<u16> = ports.iter().take(6).copied().flatten().collect();
    assert!(used.into_iter().eq([4000, 4001, 4002, 4004, 4005, 4006]), "the range is used to its last port: {ports:?}");
    assert_eq!(ports[6..], [None, None], "and no further");
    let counted: BTreeSet<u16> = router.nat_mappings()?.iter().map(|mapping| mapping.outside.port()).collect();
    assert!(counted.into_iter().eq(4000..=4006), "the router counts the same");
    router.flush_nat()?;
    assert!(mapped(&sockets[7])?.is_some(), "the control");
    Ok(())
}

/// Rows 27, 31, 38: pools, blocks and forwards that overlap are refused.
#[netns_test(requires(nat))]
fn pools_and_blocks_that_overlap_are_refused(mut lab: Lab) -> TestResult {
    let Home { client, neighbour, router, .. } = home(&mut lab)?;
    let IpAddr::V4(outside) = outside_address(&router)? else { return Err("IPv4".into()) };
    let blocks = Nat::home().outside(OUTSIDE).port_block(client.ipv4(), 2000..=2999);
    let forward = |port| (NatTransport::Tcp, port, SocketAddrV4::new(client.ipv4(), 80));
    let twice = |nat: Nat, (transport, port, to)| nat.forward(transport, port, to);
    let (one, other) = (client.ipv4(), neighbour.ipv4());
    let cases = [
        (Nat::home().outside(OUTSIDE).pool([outside, outside]), "its addresses must follow each other".to_owned()),
        (
            blocks.clone().port_block(other, 2999..=3100),
            format!("the block of {other} with the ports 2999 to 3100 overlaps the block of {one}"),
        ),
        (
            blocks.clone().port_block(one, 4000..=4999),
            format!("the block of {one} with the ports 4000 to 4999 overlaps"),
        ),
        (blocks.clone().port_block(other, 0..=10), "it must have one port or more, from 1 on".to_owned()),
        (
            twice(blocks.clone(), forward(2500)),
            format!("the outside port 2500 is forwarded, and belongs to the block of {one}"),
        ),
        (twice(twice(blocks, forward(80)), forward(80)), "the outside port 80 is forwarded twice".to_owned()),
        (
            Nat::symmetric().outside(OUTSIDE).port_block(one, 1024..=32_767),
            "all ports from 1024 to 32767, so none is left for inside addresses without a block".to_owned(),
        ),
        (
            Nat::home().outside(OUTSIDE).ports(0..=10),
            "the NAT has the outside ports 0 to 10; it must have one port or more, from 1 on".to_owned(),
        ),
        (
            Nat::home().outside(OUTSIDE).ports(4000..=4999).port_block(one, 4999..=5000),
            format!("the block of {one} has the ports 4999 to 5000, and the NAT has 4000 to 4999"),
        ),
        (
            twice(
                twice(Nat::home().outside(OUTSIDE).ports(80..=81).port_block(one, 81..=81), forward(80)),
                forward(90),
            ),
            "the blocks and the forwarded ports of the NAT are all ports from 80 to 81".to_owned(),
        ),
    ];
    for (nat, expected) in cases {
        let error = format!("{:#}", router.nat(&nat).expect_err("refused"));
        assert!(error.contains(&expected), "{error}");
    }
    assert!(router.nat_mappings().is_err(), "none of them has changed anything");
    // Others keep their ports, beyond the block.
    router.nat(&Nat::home().outside(OUTSIDE).port_block(one, 1024..=32_767))?;
    router.nat(&Nat::symmetric().outside(OUTSIDE).port_block(one, 1024..=32_766))?;
    // A range ends at the last port.
    router.nat(&Nat::symmetric().outside(OUTSIDE).ports(65_534..=65_535))?;
    Ok(())
}
