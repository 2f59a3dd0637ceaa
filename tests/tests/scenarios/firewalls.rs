//! Firewalls: rows 41 to 51.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::ops::ControlFlow;
use std::time::Duration;

use netns_fixtures::net::address::IpNet;
use netns_fixtures::net::{Firewall, FirewallRule, Host, Nat, Refusal, RouterPreset};
use netns_fixtures::prelude::*;
use netns_fixtures::probe::Ping;
use netns_fixtures::process::{Capability, Stdio};
use netns_fixtures::requirements::require_program;

use crate::traffic::{reaches, transfer};

/// The wait that proves that nothing arrives.
pub(crate) const PATIENCE: Duration = Duration::from_millis(300);

/// Builds the same network as `Routed`, and also returns its router.
pub(crate) fn routed(lab: &mut Lab) -> TestResult<(Host, Host, Host)> {
    let [inside, outside] = ["inside", "outside"].map(|name| lab.host(name));
    let router = lab.router("router");
    lab.link(&inside, &router);
    lab.link(&router, &outside);
    lab.gateway(&inside, &router);
    lab.gateway(&outside, &router);
    lab.up()?;
    Ok((inside, router, outside))
}

/// Returns the result of a connection: `Ok`, or the kind of its error.
fn connect(from: &Host, to: &Host, port: u16) -> TestResult<Result<TcpStream, ErrorKind>> {
    let to = SocketAddr::new(to.addr(), port);
    Ok(from.run(move || TcpStream::connect_timeout(&to, PATIENCE))?.map_err(|error| error.kind()))
}

/// Row 41: unsolicited inbound dropped, replies pass.
#[netns_test(requires(nft))]
fn what_begins_outside_is_dropped_and_replies_pass(mut lab: Lab) -> TestResult {
    let (inside, router, outside) = routed(&mut lab)?;
    let _servers = (inside.tcp_listener(80)?, outside.tcp_listener(80)?);
    assert!(connect(&outside, &inside, 80)?.is_ok(), "the control");
    router.firewall(&Firewall::home("eth1"))?;
    assert_eq!(connect(&outside, &inside, 80)?.err(), Some(ErrorKind::TimedOut));
    assert!(connect(&inside, &outside, 80)?.is_ok());
    Ok(())
}

/// Row 42: corporate firewall.
#[netns_test(requires(nft))]
fn an_office_lets_dns_and_https_pass(mut lab: Lab) -> TestResult {
    let (inside, router, outside) = routed(&mut lab)?;
    router.firewall(&Firewall::corporate())?;
    let _servers = (outside.tcp_listener(443)?, outside.tcp_listener(22)?);
    assert!(connect(&inside, &outside, 443)?.is_ok());
    assert_eq!(connect(&inside, &outside, 22)?.err(), Some(ErrorKind::TimedOut));
    let sender = inside.udp_socket(0)?;
    for (port, passes) in [(53, true), (4433, false)] {
        let receiver = outside.udp_socket(port)?;
        assert_eq!(reaches(&sender, SocketAddr::new(outside.addr(), port), &receiver, PATIENCE)?, passes, "{port}");
    }
    Ok(())
}

/// Row 43: captive portal.
#[netns_test(requires(nft))]
fn before_signing_in_only_dns_and_the_portal_are_reached(mut lab: Lab) -> TestResult {
    let [inside, outside, portal] = ["inside", "outside", "portal"].map(|name| lab.host(name));
    let router = lab.router("router");
    for host in [&inside, &outside, &portal] {
        lab.link(host, &router);
        lab.gateway(host, &router);
    }
    lab.up()?;
    let _servers = (outside.tcp_listener(80)?, portal.tcp_listener(80)?, inside.tcp_listener(81)?);
    assert!(connect(&inside, &outside, 80)?.is_ok() && connect(&outside, &inside, 81)?.is_ok(), "the control");
    router.firewall(&Firewall::captive_portal(portal.addr()))?;
    assert_eq!(connect(&inside, &outside, 80)?.err(), Some(ErrorKind::ConnectionRefused), "a reset");
    assert_eq!(connect(&outside, &inside, 81)?.err(), Some(ErrorKind::ConnectionRefused), "from another host");
    assert!(connect(&inside, &portal, 80)?.is_ok(), "to the portal");
    assert!(connect(&portal, &inside, 81)?.is_ok(), "from the portal");
    let (client, resolver) = (inside.udp_socket(0)?, outside.udp_socket(53)?);
    let from = SocketAddr::new(inside.addr(), client.local_addr()?.port());
    assert!(reaches(&client, SocketAddr::new(outside.addr(), 53), &resolver, PATIENCE)?, "the question");
    assert!(reaches(&resolver, from, &client, PATIENCE)?, "the answer");
    // After the login.
    router.remove_firewall()?;
    assert!(connect(&inside, &outside, 80)?.is_ok());
    Ok(())
}

/// Row 44: hundreds of rules.
#[netns_test(requires(nft))]
fn a_filter_of_hundreds_of_rules_is_one_transaction(mut lab: Lab) -> TestResult {
    let (inside, router, outside) = routed(&mut lab)?;
    let with = |count: u16| {
        (1..=count).fold(Firewall::new(), |firewall, port| {
            firewall.rule(FirewallRule::refuse(format!("port {port}"), Refusal::Drop).tcp(port..=port))
        })
    };
    router.firewall(&with(250))?;
    let _servers = (outside.tcp_listener(250)?, outside.tcp_listener(251)?);
    assert!(connect(&inside, &outside, 250)?.is_err());
    assert!(connect(&inside, &outside, 251)?.is_ok());
    let refused = format!("{:#}", router.firewall(&with(251)).expect_err("refused"));
    assert!(refused.contains("251") && refused.contains("250"), "{refused}");
    Ok(())
}

/// Row 45: drop, reject and reset differ for the client.
#[netns_test(requires(nft))]
fn the_client_tells_drop_reject_prohibit_and_reset_apart(mut lab: Lab) -> TestResult {
    let (inside, router, outside) = routed(&mut lab)?;
    let _server = outside.tcp_listener(80)?;
    let cases = [
        (Refusal::Drop, ErrorKind::TimedOut),
        (Refusal::Reject, ErrorKind::ConnectionRefused),
        (Refusal::Reset, ErrorKind::ConnectionRefused),
        (Refusal::Prohibit, ErrorKind::HostUnreachable),
    ];
    for (refusal, expected) in cases {
        router.firewall(&Firewall::new().rule(FirewallRule::refuse("web", refusal).tcp(80..=80)))?;
        assert_eq!(connect(&inside, &outside, 80)?.err(), Some(expected), "{refusal:?}");
    }
    router.remove_firewall()?;
    assert!(connect(&inside, &outside, 80)?.is_ok(), "the control");
    Ok(())
}

/// Row 45: a running connection ends by a reset alone.
///
/// A reset ends a running connection, and an ICMP error does not.
#[netns_test(requires(nft))]
fn a_running_connection_ends_by_a_reset_alone(mut lab: Lab) -> TestResult {
    let (inside, router, outside) = routed(&mut lab)?;
    let _server = outside.tcp_listener(80)?;
    let cases = [
        (Refusal::Drop, ErrorKind::WouldBlock),
        (Refusal::Reject, ErrorKind::WouldBlock),
        (Refusal::Prohibit, ErrorKind::WouldBlock),
        (Refusal::Reset, ErrorKind::ConnectionReset),
    ];
    for (refusal, expected) in cases {
        let mut stream = inside.tcp_connect((outside.addr(), 80))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        router.firewall(&Firewall::new().rule(FirewallRule::refuse("web", refusal).tcp(80..=80)))?;
        stream.write_all(b"request")?;
        let read = stream.read(&mut [0; 8]).map_err(|error| error.kind());
        assert_eq!(read, Err(expected), "{refusal:?}");
        router.remove_firewall()?;
    }
    Ok(())
}

/// Row 45: refusals of datagrams and of IPv6.
///
/// Without connections, the client of UDP gets an ICMP error for both, and the error of IPv6 has another number than that of IPv4.
#[netns_test(requires(nft, ipv6))]
fn refusals_of_datagrams_and_of_ipv6(mut lab: Lab) -> TestResult {
    let (inside, router, outside) = routed(&mut lab)?;
    let _server = outside.tcp_listener(80)?;
    let cases = [
        (Refusal::Drop, ErrorKind::WouldBlock, ErrorKind::TimedOut, ErrorKind::WouldBlock),
        (Refusal::Reject, ErrorKind::ConnectionRefused, ErrorKind::ConnectionRefused, ErrorKind::ConnectionRefused),
        (Refusal::Reset, ErrorKind::ConnectionRefused, ErrorKind::ConnectionRefused, ErrorKind::ConnectionRefused),
        (Refusal::Prohibit, ErrorKind::HostUnreachable, ErrorKind::PermissionDenied, ErrorKind::PermissionDenied),
    ];
    let datagram = |to: IpAddr| -> TestResult<_> {
        let socket =
            inside.udp_socket_at((if to.is_ipv4() { IpAddr::from([0; 4]) } else { IpAddr::from([0; 16]) }, 0))?;
        inside.run(|| socket.connect((to, 80)))??;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.send(b"anybody?")?;
        Ok(socket.recv(&mut [0; 8]).map_err(|error| error.kind()).err())
    };
    for (refusal, udp, tcp_ipv6, udp_ipv6) in cases {
        let to_port_80 = || FirewallRule::refuse("port 80", refusal);
        router.firewall(&Firewall::new().rule(to_port_80().tcp(80..=80)).rule(to_port_80().udp(80..=80)))?;
        assert_eq!(datagram(outside.addr())?, Some(udp), "{refusal:?}, UDP");
        assert_eq!(datagram(outside.ipv6().into())?, Some(udp_ipv6), "{refusal:?}, UDP over IPv6");
        let to = SocketAddr::new(outside.ipv6().into(), 80);
        // Over IPv6 the kernel ends the attempt by the error about its second SYN, a second after the first.
        let within = if refusal == Refusal::Drop { PATIENCE } else { 20 * PATIENCE };
        let tcp = inside.run(move || TcpStream::connect_timeout(&to, within))?.map_err(|error| error.kind()).err();
        assert_eq!(tcp, Some(tcp_ipv6), "{refusal:?}, TCP over IPv6");
    }
    Ok(())
}

/// Row 44: ranges of ports.
#[netns_test(requires(nft))]
fn ranges_of_ports_and_directions(mut lab: Lab) -> TestResult {
    let (inside, router, outside) = routed(&mut lab)?;
    let servers: Vec<_> = [1000, 1999, 2000].into_iter().map(|port| outside.tcp_listener(port)).collect();
    assert!(servers.iter().all(Result::is_ok));
    let rule = FirewallRule::refuse("range", Refusal::Reset).tcp(1000..=1999).from_device("eth0");
    router.firewall(&Firewall::new().rule(rule))?;
    let passes = |port| Ok::<_, BoxError>(connect(&inside, &outside, port)?.is_ok());
    assert_eq!((passes(1000)?, passes(1999)?, passes(2000)?), (false, false, true));
    Ok(())
}

/// Row 46: change while connections run.
#[netns_test(requires(nft))]
fn a_change_cuts_established_connections_or_keeps_them(mut lab: Lab) -> TestResult {
    let (inside, router, outside) = routed(&mut lab)?;
    // From here on the router tracks connections.
    router.firewall(&Firewall::new().keep_established())?;
    let listener = outside.tcp_listener(80)?;
    let mut client = inside.tcp_connect((outside.addr(), 80))?;
    let mut server = listener.accept()?.0;
    server.set_read_timeout(Some(PATIENCE))?;
    let refuse = FirewallRule::refuse("all TCP", Refusal::Drop).all_tcp();
    let mut byte = [0];
    router.firewall(&Firewall::new().keep_established().rule(refuse.clone()))?;
    client.write_all(b"1")?;
    server.read_exact(&mut byte)?;
    router.firewall(&Firewall::new().rule(refuse))?;
    client.write_all(b"2")?;
    assert_eq!(server.read_exact(&mut byte).map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));
    Ok(())
}

/// Row 47: ICMP filtered.
#[netns_test(requires(nft))]
fn without_icmp_a_ping_fails_and_tcp_works(mut lab: Lab) -> TestResult {
    let (inside, router, outside) = routed(&mut lab)?;
    let _server = outside.tcp_listener(80)?;
    inside.ping(&outside).count(1).run()?.expect_all()?;
    router.firewall(&Firewall::new().rule(FirewallRule::refuse("ICMP", Refusal::Drop).icmp()))?;
    let report = inside.ping(&outside).count(1).timeout(PATIENCE).run()?;
    assert_eq!(report.statistics().received, 0);
    assert!(connect(&inside, &outside, 80)?.is_ok());
    Ok(())
}

/// Row 48: PMTU black hole, MSS clamping.
#[netns_test(requires(nft), deadline = "60s")]
fn a_black_hole_for_large_packets_is_passed_by_smaller_segments(mut lab: Lab) -> TestResult {
    let [inside, outside] = ["inside", "outside"].map(|name| lab.host(name));
    let [router, other] = ["router", "other"].map(|name| lab.router(name));
    lab.link(&inside, &router);
    // Neither end sees this MTU, so neither announces smaller segments.
    lab.link(&router, &other).mtu(1400);
    lab.link(&other, &outside);
    lab.gateway(&inside, &router);
    lab.gateway(&router, &other);
    lab.gateway(&other, &router);
    lab.gateway(&outside, &other);
    lab.up()?;
    // The router drops its own "packet too big".
    let silent = Firewall::new().sent(FirewallRule::refuse("too big", Refusal::Drop).icmp());
    router.firewall(&silent)?;
    let listener = outside.tcp_listener(80)?;
    let mut stream = inside.tcp_connect((outside.addr(), 80))?;
    let mut server = listener.accept()?.0;
    server.set_read_timeout(Some(2 * PATIENCE))?;
    stream.write_all(&[0; 8000])?;
    let arrived = server.read(&mut [0; 8000]).map_err(|error| error.kind());
    assert_eq!(arrived, Err(ErrorKind::WouldBlock), "large segments vanish");
    router.firewall(&silent.clamp_segments())?;
    transfer(&inside, &outside, 81, 100_000)?;
    Ok(())
}

/// Returns the replies to one ping of each family that the sender fragments.
fn large_pings(from: &Host, to: &Host) -> TestResult<[u64; 2]> {
    let large = |ping: Ping| ping.payload(4000).count(1).timeout(PATIENCE).run();
    let both = [large(from.ping(to).ipv4())?, large(from.ping(to).ipv6())?];
    Ok(both.map(|report| report.statistics().received))
}

/// Row 49: fragments dropped beside connection tracking.
///
/// Connection tracking and the receiver reassemble fragments, so a rule must see them before.
#[netns_test(requires(nat, ipv6), deadline = "60s")]
fn fragments_are_dropped_beside_connection_tracking(mut lab: Lab) -> TestResult {
    let (inside, router, outside) = routed(&mut lab)?;
    let received = || large_pings(&inside, &outside);
    let stateful = || Firewall::new().keep_established();
    let refused = || FirewallRule::refuse("fragments", Refusal::Drop).fragments();
    router.nat(&Nat::home().outside("eth1"))?;
    router.firewall(&stateful())?;
    assert_eq!(received()?, [1, 1], "the control");
    router.firewall(&stateful().rule(refused()))?;
    assert_eq!(received()?, [0, 0]);
    inside.ping(&outside).payload(1400).count(1).run()?.expect_all()?;
    let counters = router.firewall_counters()?;
    let dropped: u64 = counters.iter().filter(|of| of.rule == "fragments").map(|of| of.packets).sum();
    assert!(dropped >= 6, "three fragments of each family: {counters:?}");
    // The first matching rule decides.
    let known = |host: &Host| FirewallRule::allow("known").from(IpNet::from(host.addr())).fragments();
    router.firewall(&stateful().rule(known(&inside)).rule(known(&outside)).rule(refused()))?;
    assert_eq!(received()?, [1, 0], "IPv4 of both hosts is accepted");
    // A host reassembles before its rules.
    router.remove_firewall()?;
    outside.firewall(&Firewall::new().rule(refused()))?;
    assert_eq!(received()?, [0, 0]);
    Ok(())
}

/// Row 49: fragments dropped.
#[netns_test(requires(nft))]
fn fragments_are_dropped(mut lab: Lab) -> TestResult {
    let (inside, router, outside) = routed(&mut lab)?;
    let received = || large_pings(&inside, &outside);
    assert_eq!(received()?, [1, 1], "the control");
    let rule = FirewallRule::refuse("fragments", Refusal::Drop).fragments();
    router.firewall(&Firewall::new().rule(rule))?;
    assert_eq!(received()?, [0, 0]);
    inside.ping(&outside).payload(1400).count(1).run()?.expect_all()?;
    Ok(())
}

/// Row 48: packets above a size.
#[netns_test(requires(nft))]
fn packets_above_a_size_vanish(mut lab: Lab) -> TestResult {
    let (inside, router, outside) = routed(&mut lab)?;
    router.firewall(&Firewall::new().rule(FirewallRule::refuse("large", Refusal::Drop).larger_than(1000)))?;
    let received = |payload| -> TestResult<_> {
        let ping = |ping: Ping| ping.payload(payload).count(1).timeout(PATIENCE).run();
        let both = [ping(inside.ping(&outside).ipv4())?, ping(inside.ping(&outside).ipv6())?];
        Ok(both.map(|report| report.statistics().received))
    };
    // With its headers, 28 and 48 bytes.
    assert_eq!((received(952)?, received(980)?), ([1, 1], [0, 0]));
    Ok(())
}

/// Row 48: a size is that of frames, unless offloads are off.
///
/// TCP sends frames of many packets to a link without a condition, and the router compares those. Without offloads it has single packets.
#[netns_test(requires(nft))]
fn a_size_is_that_of_frames_unless_offloads_are_off(mut lab: Lab) -> TestResult {
    let [inside, outside] = ["inside", "outside"].map(|name| lab.host(name));
    let router = lab.router("router");
    lab.link(&inside, &router);
    // Segments have 1,000 bytes at most.
    lab.link(&router, &outside).mtu(1280);
    lab.gateway(&inside, &router);
    lab.gateway(&outside, &router);
    lab.up()?;
    let large = FirewallRule::allow("large").larger_than(1400);
    let seen = |port| -> TestResult<(u64, u64)> {
        router.firewall(&Firewall::new().rule(large.clone()).rule(FirewallRule::allow("all")))?;
        transfer(&inside, &outside, port, 1_000_000)?;
        let counters = router.firewall_counters()?;
        let of =
            |name: &str| counters.iter().filter(|counter| counter.rule == name).map(|counter| counter.packets).sum();
        Ok((of("large"), of("all")))
    };
    let (large, all) = seen(80)?;
    assert!(large > 0 && large + all < 1_500, "{large} large frames, {all} others");
    inside.set_offloads("eth0", false)?;
    outside.set_offloads("eth0", false)?;
    let (large, all) = seen(81)?;
    assert!(large == 0 && all > 780, "{large} large packets, {all} others");
    Ok(())
}

/// Row 50: counters of rules.
#[netns_test(requires(nft))]
fn counters_say_how_many_packets_each_rule_met(mut lab: Lab) -> TestResult {
    let (inside, router, outside) = routed(&mut lab)?;
    let rules = Firewall::new()
        .rule(FirewallRule::refuse("echo", Refusal::Drop).echo_requests())
        .rule(FirewallRule::allow("web").tcp(80..=80));
    router.firewall(&rules)?;
    inside.ping(&outside).ipv4().count(4).timeout(PATIENCE).run()?;
    let counters = router.firewall_counters()?;
    let of =
        |name: &str| counters.iter().filter(|counter| counter.rule == name).map(|counter| counter.packets).sum::<u64>();
    assert_eq!((of("echo"), of("web")), (4, 0), "{counters:?}");
    Ok(())
}

/// Row 41: a firewall of one host.
#[netns_test(requires(nft))]
fn a_firewall_of_a_host_is_about_what_it_receives(mut lab: Lab) -> TestResult {
    let (inside, _, outside) = routed(&mut lab)?;
    let _servers = (outside.tcp_listener(80)?, outside.tcp_listener(81)?);
    let only_web =
        Firewall::new().keep_established().rule(FirewallRule::allow("web").tcp(80..=80)).otherwise(Refusal::Drop);
    outside.firewall(&only_web)?;
    assert!(connect(&inside, &outside, 80)?.is_ok());
    assert_eq!(connect(&inside, &outside, 81)?.err(), Some(ErrorKind::TimedOut));
    assert!(connect(&outside, &outside, 81)?.is_ok(), "what it says to itself passes");
    Ok(())
}

/// Row 44: rules that cannot be are named.
#[netns_test(requires(nft))]
fn rules_that_cannot_be_are_named(mut lab: Lab) -> TestResult {
    let (inside, router, _) = routed(&mut lab)?;
    #[expect(clippy::reversed_empty_ranges, reason = "the mistake that is tested")]
    let rule = FirewallRule::allow("backwards").tcp(2000..=1000);
    let refused = format!("{:#}", router.firewall(&Firewall::new().rule(rule)).expect_err("refused"));
    assert!(refused.contains("backwards") && refused.contains("2000"), "{refused}");
    // The second selection would replace the first, and the rule would accept packets that its name refuses.
    let twice = [
        FirewallRule::refuse("HTTP/3", Refusal::Drop).udp(443..=443).tcp(443..=443),
        FirewallRule::refuse("HTTP/3", Refusal::Drop).from_device("eth0").from_device("eth1"),
    ];
    for rule in twice {
        let refused = format!("{:#}", router.firewall(&Firewall::new().rule(rule)).expect_err("refused"));
        assert!(refused.contains("\"HTTP/3\" selects the ") && refused.contains("twice"), "{refused}");
    }
    // A rule for a missing device would match nothing.
    let refused = format!("{:#}", router.firewall(&Firewall::home("eth5")).expect_err("refused"));
    assert!(refused.contains("\"eth5\", which \"router\" does not have; it has eth0, eth1"), "{refused}");
    assert_eq!(router.firewall_counters()?, [], "nothing was set");
    // Nor would a rule for a device of the other direction.
    let out = FirewallRule::refuse("out", Refusal::Drop).to_device("eth0");
    let arrived = FirewallRule::refuse("in", Refusal::Drop).from_device("eth0");
    let refused = format!("{:#}", inside.firewall(&Firewall::new().rule(out.clone())).expect_err("refused"));
    assert!(refused.contains("\"out\" is for packets that \"inside\" receives"), "{refused}");
    // Fragments are filtered as they arrive, where neither their device of departure nor their connection is known.
    let fragments = || FirewallRule::refuse("small", Refusal::Drop).fragments();
    for (firewall, selection) in [
        (Firewall::new().rule(fragments().to_device("eth1")), "the device of departure"),
        (Firewall::new().rule(fragments().unsolicited()), "the connection"),
        (Firewall::new().sent(fragments()), "packets that the host sends"),
    ] {
        let refused = format!("{:#}", router.firewall(&firewall).expect_err("refused"));
        let expected = "cannot set the firewall of \"router\": the rule \"small\" is for fragments, ";
        assert!(refused.starts_with(expected) && refused.contains(selection), "{refused}");
    }
    for host in [&inside, &router] {
        let refused = format!("{:#}", host.firewall(&Firewall::new().sent(arrived.clone())).expect_err("refused"));
        assert!(refused.contains("\"in\" is for packets that") && refused.contains(" sends"), "{refused}");
    }
    router.firewall(&Firewall::new().rule(out.clone()).sent(out.clone()))?;
    inside.firewall(&Firewall::new().rule(arrived).sent(out))?;
    Ok(())
}

/// Row 51: the IPv6 firewall of a home router.
///
/// RFC 6092: a home router filters IPv6 as well, where nothing is translated.
#[netns_test(requires(nft))]
fn a_home_router_filters_ipv6_from_outside(mut lab: Lab) -> TestResult {
    let (inside, router, outside) = routed(&mut lab)?;
    let _servers = (inside.tcp_listener(80)?, outside.tcp_listener(80)?);
    let connects = |from: &Host, to: &Host| -> TestResult<_> {
        let to = SocketAddr::new(to.ipv6().into(), 80);
        Ok(from.run(move || TcpStream::connect_timeout(&to, PATIENCE))?.map_err(|error| error.kind()).err())
    };
    assert_eq!(connects(&outside, &inside)?, None, "the control");
    router.firewall(&Firewall::home("eth1"))?;
    assert_eq!(connects(&outside, &inside)?, Some(ErrorKind::TimedOut));
    assert_eq!(connects(&inside, &outside)?, None);
    // RFC 6092, REC-10: errors about connections that began inside pass.
    assert_eq!(inside.path_mtu(&outside).ipv6().run()?.mtu, 1500);
    Ok(())
}

/// Row 42: only the proxy leads out.
#[netns_test(requires(nft))]
fn only_the_proxy_leads_out(mut lab: Lab) -> TestResult {
    let [inside, outside] = ["inside", "outside"].map(|name| lab.host(name));
    let (router, proxy) = (lab.router("router"), lab.host("proxy"));
    for host in [&inside, &outside, &proxy] {
        lab.link(host, &router);
        lab.gateway(host, &router);
    }
    lab.up()?;
    let _servers = (outside.tcp_listener(443)?, proxy.tcp_listener(3128)?, proxy.tcp_listener(22)?);
    assert!(connect(&inside, &outside, 443)?.is_ok(), "the control");
    router.firewall(&Firewall::proxy_only((proxy.addr(), 3128).into()))?;
    assert_eq!(connect(&inside, &outside, 443)?.err(), Some(ErrorKind::HostUnreachable), "prohibited");
    assert!(connect(&inside, &proxy, 3128)?.is_ok());
    assert!(connect(&inside, &proxy, 22)?.is_err(), "another port of the proxy");
    assert!(connect(&proxy, &outside, 443)?.is_ok(), "the proxy itself leads out");
    Ok(())
}

/// Row 46: a preset that is refused leaves the firewall.
///
/// The kernel takes the firewall of the preset and refuses its NAT, whose table belongs to a program: the router must not forward everything.
#[netns_test(requires(nat))]
fn a_preset_that_is_refused_leaves_the_firewall(mut lab: Lab) -> TestResult {
    require_program("nft")?;
    let (inside, router, outside) = routed(&mut lab)?;
    router.firewall(&Firewall::new().rule(FirewallRule::refuse("everything", Refusal::Drop)))?;
    let _server = outside.tcp_listener(443)?;
    assert_eq!(connect(&inside, &outside, 443)?.err(), Some(ErrorKind::TimedOut), "the control");
    let mut owner = router.command("nft")?;
    owner.arg("-i").stdin(Stdio::piped()).keep_capabilities([Capability::NET_ADMIN]);
    let mut owner = owner.spawn()?;
    owner.write_line("add table inet netns-testkit-nat { flags owner; }")?;
    let tables = || {
        let mut list = router.command("nft")?;
        list.args(["list", "tables"]).keep_capabilities([Capability::NET_ADMIN]).output()
    };
    let owned = wait_until(Deadline::after(Duration::from_secs(10)), Duration::from_millis(10), || match tables() {
        Ok(list) if list.stdout.text().contains("netns-testkit-nat") => ControlFlow::Break(Ok(())),
        Ok(list) => ControlFlow::Continue(list.stdout.text().into_owned()),
        Err(error) => ControlFlow::Break(Err(error)),
    });
    if owned.is_err() && kernel_is_before(5, 12)? {
        netns_tests::witness::skip("requires Linux 5.12: before, no table has an owner, so nothing was refused");
        return Ok(());
    }
    owned??;
    let refused = router.behave_as(RouterPreset::Corporate, "eth1").unwrap_err();
    assert_eq!(refused.raw_os_error(), Some(nix::libc::EPERM), "{refused}");
    assert!(format!("{refused:#}").contains("cannot set the NAT"), "{refused}");
    let rules: Vec<_> = router.firewall_counters()?.into_iter().map(|counter| counter.rule).collect();
    assert_eq!(rules, ["everything"]);
    assert_eq!(connect(&inside, &outside, 443)?.err(), Some(ErrorKind::TimedOut));
    Ok(())
}

fn kernel_is_before(major: u32, minor: u32) -> TestResult<bool> {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let mut numbers = release.split(['.', '-']).map(str::parse::<u32>);
    Ok((numbers.next().ok_or("a version")??, numbers.next().ok_or("a version")??) < (major, minor))
}
