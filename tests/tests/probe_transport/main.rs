//! Exchanges between hosts, and every kind of failure, each caused by a network that fails in that way.

#![forbid(unsafe_code)]

mod absence;

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown};
use std::ops::ControlFlow::{Break, Continue};
use std::time::Duration;

use netns_fixtures::Error;
use netns_fixtures::net::address::IpNet;
use netns_fixtures::prelude::*;
use netns_fixtures::probe::{Absence, Connectivity, ProbeError, Protocol, Side, TransportFailure, Unreachable, matrix};
use netns_fixtures::process::Stdio;
use netns_fixtures::requirements::require_program;
use netns_tests::nft::{clear, nft, on_forward, on_input, on_output};

const SHORT: Duration = Duration::from_millis(300);
const BOTH: [Protocol; 2] = [Protocol::Tcp, Protocol::Udp];

/// Returns the failure of a check.
fn failure(answer: Result<(), Error>) -> TransportFailure {
    let error = answer.unwrap_err();
    match error.downcast_ref() {
        Some(ProbeError::NotConnected { failure, .. }) => *failure,
        _ => panic!("{error}"),
    }
}

fn name(protocol: Protocol) -> &'static str {
    if protocol == Protocol::Tcp { "tcp" } else { "udp" }
}

#[netns_test]
fn data_goes_in_both_directions_over_both_families(net: Pair) -> TestResult {
    for protocol in BOTH {
        let before = net.server.statistics("eth0")?.rx_packets;
        for ipv6 in [false, true] {
            let tester = net.client.connectivity(&net.server, protocol).port(4000).source_port(5000);
            let tester = if ipv6 { tester.ipv6() } else { tester };
            let mut tester = tester.start()?;
            assert!(!tester.is_established());
            tester.check()?;
            assert!(tester.is_established());
            assert_eq!((tester.port(), tester.peer().map(|peer| peer.port())), (4000, Some(5000)));
            let mine = if ipv6 { IpAddr::from(net.client.ipv6()) } else { net.client.ipv4().into() };
            assert_eq!(tester.peer().map(|peer| peer.ip()), Some(mine));
            for _ in 0..3 {
                tester.check()?;
                tester.respawn()?;
                assert!(!tester.is_established());
            }
        }
        // The control: packets have crossed the link.
        assert!(net.server.statistics("eth0")?.rx_packets >= before + 16, "{protocol:?}");
    }
    Ok(())
}

/// The kernel leaves checksums to the device, which a veth does not compute: a reader of the report would take them for wrong.
#[netns_test]
fn a_report_marks_checksums_that_are_not_filled_in(net: Pair) -> TestResult {
    for has_offloads in [true, false] {
        for host in [&net.client, &net.server] {
            host.set_offloads("eth0", has_offloads)?;
        }
        let mut tester = net.client.connectivity(&net.server, Protocol::Udp).port(4000).timeout(SHORT).start()?;
        on_input(&net.server, "drop")?;
        let report = format!("{:?}", tester.check().unwrap_err());
        clear(&net.server)?;
        assert!(report.contains("UDP") && report.contains("> 4000"), "{report}");
        assert_eq!(report.contains("checksum not filled in yet"), has_offloads, "{report}");
    }
    Ok(())
}

#[netns_test]
fn a_session_is_kept_across_an_outage(net: Pair) -> TestResult {
    for protocol in BOTH {
        let mut tester = net.client.connectivity(&net.server, protocol).timeout(SHORT).start()?;
        tester.check()?;
        let peer = tester.peer();
        on_input(&net.server, "drop")?;
        assert_eq!(failure(tester.check()), TransportFailure::Filtered { towards: Side::Server });
        assert!(tester.is_established());
        clear(&net.server)?;
        // TCP retransmits lost data at doubling intervals: 200 ms at first; RFC 6298.
        let mut again = net.client.connectivity(&net.server, protocol).start()?;
        again.check()?;
        wait_until(Deadline::after(Duration::from_secs(10)), Duration::from_millis(1), || match tester.check() {
            Ok(()) => Break(()),
            Err(error) => Continue(format!("{error:#}")),
        })?;
        assert_eq!(tester.peer(), peer, "it is the same session");
        on_input(&net.client, "drop")?;
        assert_eq!(failure(tester.check()), TransportFailure::Filtered { towards: Side::Client });
        clear(&net.client)?;
    }
    Ok(())
}

#[netns_test]
fn refused_filtered_and_unreachable_are_told_apart(net: Routed) -> TestResult {
    let router = |device: &str| -> TestResult<IpAddr> {
        let device = net.router.device(device)?;
        Ok(device.addresses.iter().map(IpNet::addr).find(IpAddr::is_ipv4).ok_or("no address")?)
    };
    // Otherwise the router sends each host one error a second, after the first six; source: icmp(7).
    net.router.set_sysctl("net.ipv4.icmp_ratemask", "0")?;
    for protocol in BOTH {
        let name = name(protocol);
        let start = || net.client.connectivity(&net.server, protocol).port(4000).timeout(SHORT).start();
        // A closed port: the tester's client, while its server listens elsewhere.
        let closed = net.client.connectivity(&net.server, protocol).port(4001);
        let refused = failure(closed.clone().to(net.router.device("eth0")?.addresses[0].addr()).start()?.check());
        let by = (protocol == Protocol::Udp).then_some(router("eth0")?);
        assert_eq!(refused, TransportFailure::Refused { by });
        assert_eq!(
            failure(net.client.echo(&net.server, protocol, 9).run()),
            TransportFailure::Refused { by: (protocol == Protocol::Udp).then_some(net.server.ipv4().into()) }
        );

        on_input(&net.server, &format!("{name} dport 4000 drop"))?;
        assert_eq!(failure(start()?.check()), TransportFailure::Filtered { towards: Side::Server });
        let absent = start()?.expect_unreachable()?;
        assert_eq!(
            (absent.how(), absent.failure()),
            (Absence::Silence, Some(TransportFailure::Filtered { towards: Side::Server }))
        );
        clear(&net.server)?;
        start()?.check()?;

        on_forward(&net.router, &format!("{name} dport 4000 reject with icmpx admin-prohibited"))?;
        let prohibited = TransportFailure::Unreachable { why: Unreachable::Prohibited, by: Some(router("eth0")?) };
        assert_eq!(failure(start()?.check()), prohibited);
        start()?.expect_unreachable()?.because(Absence::Unreachable(Unreachable::Prohibited))?;
        let wrong = start()?.expect_unreachable()?.because(Absence::Silence).unwrap_err();
        assert!(matches!(wrong.downcast_ref(), Some(ProbeError::Mismatch { .. })), "{wrong}");
        clear(&net.router)?;

        on_output(&net.client, &format!("{name} dport 4000 drop"))?;
        let here = failure(start()?.check());
        // The kernel retries a TCP connection until the timeout; a datagram is refused at once.
        let expected = if protocol == Protocol::Tcp {
            TransportFailure::Filtered { towards: Side::Server }
        } else {
            TransportFailure::NotSent { errno: nix::libc::EPERM }
        };
        assert_eq!(here, expected);
        clear(&net.client)?;

        let nowhere = net.client.connectivity(&net.server, protocol).to(Ipv4Addr::new(203, 0, 113, 1)).start()?.check();
        let by = Some(router("eth0")?);
        assert_eq!(failure(nowhere), TransportFailure::Unreachable { why: Unreachable::Network, by });
    }
    Ok(())
}

#[netns_test]
fn no_route_has_no_sender(net: Pair) -> TestResult {
    for protocol in BOTH {
        let nowhere = net.client.connectivity(&net.server, protocol).to(Ipv4Addr::new(203, 0, 113, 1)).start()?.check();
        assert_eq!(failure(nowhere), TransportFailure::Unreachable { why: Unreachable::Network, by: None });
    }
    Ok(())
}

#[netns_test]
fn a_reset_and_a_half_open_connection_are_told_apart(net: Pair) -> TestResult {
    let mut tester = net.client.connectivity(&net.server, Protocol::Tcp).port(4000).timeout(SHORT).start()?;
    tester.check()?;
    on_input(&net.server, "tcp dport 4000 reject with tcp reset")?;
    let reset = failure(tester.check());
    assert_eq!(reset, TransportFailure::Reset { at: Side::Client });
    assert!(!tester.is_established());
    assert_eq!(failure(tester.check()), TransportFailure::Refused { by: None });
    clear(&net.server)?;
    tester.check()?;
    // The server never receives the end of the handshake.
    tester.respawn()?;
    on_input(&net.server, "tcp dport 4000 tcp flags & (syn | ack) == ack drop")?;
    assert_eq!(failure(tester.check()), TransportFailure::HalfOpen { at: Side::Client });
    Ok(())
}

#[netns_test]
fn data_and_peers_that_are_wrong_are_noticed(net: Routed) -> TestResult {
    // The data after the 64 bits of UDP's header becomes zero.
    let mut tester = net.client.connectivity(&net.server, Protocol::Udp).port(4000).timeout(SHORT).start()?;
    tester.check()?;
    on_forward(&net.router, "udp dport 4000 @th,64,64 set 0 udp checksum set 0")?;
    let changed = failure(tester.check());
    assert_eq!(changed, TransportFailure::WrongData { at: Side::Server });
    clear(&net.router)?;

    for protocol in BOTH {
        let tester = || net.client.connectivity(&net.server, protocol).timeout(SHORT);
        let translated = net.router.ipv4();
        let found = failure(tester().seen_as(translated).start()?.check());
        assert!(matches!(found, TransportFailure::WrongPeer { at: Side::Server, .. }), "{found}");
        tester().seen_as(net.client.ipv4()).start()?.check()?;
        // The router replies in the client's place.
        nft(&net.router, "add table ip nat")?;
        nft(&net.router, "add chain ip nat post { type nat hook postrouting priority 100; }")?;
        nft(&net.router, "add rule ip nat post oifname eth1 masquerade")?;
        let outside = net.router.device("eth1")?.addresses[0].addr();
        let mut behind = tester().seen_as(outside).start()?;
        behind.check()?;
        assert_eq!(behind.peer().map(|peer| peer.ip()), Some(outside));
        clear(&net.router)?;
    }

    // A reply from another address: the server replies from the address of its route, and not from the requested one.
    let second: IpAddr = "198.51.100.7".parse()?;
    net.server.add_address("eth0", "198.51.100.7/32".parse()?)?;
    net.router.add_route("198.51.100.7/32".parse::<IpNet>()?, net.server.ipv4())?;
    let mut tester = net.client.connectivity(&net.server, Protocol::Udp).to(second).listen_on(Ipv4Addr::UNSPECIFIED);
    tester = tester.timeout(SHORT);
    let found = failure(tester.start()?.check());
    let TransportFailure::WrongPeer { at: Side::Client, expected, found } = found else { panic!("{found}") };
    assert_eq!((expected.ip(), found.ip()), (second, net.server.ipv4().into()));
    Ok(())
}

/// Returns the value of an nft counter.
fn counted(host: &Host) -> TestResult<u64> {
    let rules = nft(host, "list ruleset")?;
    let number = rules.split("counter packets ").nth(1).and_then(|rest| rest.split(' ').next()).ok_or("no counter")?;
    Ok(number.parse()?)
}

#[netns_test]
fn a_datagram_session_becomes_assured(net: Routed) -> TestResult {
    on_forward(&net.router, "ct status assured meta l4proto udp counter")?;
    let mut tester = net.client.connectivity(&net.server, Protocol::Udp).start()?;
    tester.check()?;
    // The control: three datagrams in a millisecond are not yet a stream.
    assert_eq!(counted(&net.router)?, 0);
    tester.establish_assured()?;
    tester.check()?;
    assert!(counted(&net.router)? >= 3);
    Ok(())
}

#[netns_test]
fn sctp_works_or_is_reported_missing(net: Pair) -> TestResult {
    match net.client.connectivity(&net.server, Protocol::Sctp).start() {
        Ok(mut tester) => {
            tester.check()?;
            tester.check()?;
        }
        Err(error) => match error.downcast_ref() {
            Some(ProbeError::Unsupported { protocol: Protocol::Sctp, remedy }) => {
                assert!(remedy.contains("CONFIG_IP_SCTP"));
            }
            _ => return Err(error.into()),
        },
    }
    Ok(())
}

#[netns_test]
fn options_that_do_not_fit_are_an_error(net: Pair, mut lab: Lab) -> TestResult {
    let alone = lab.host("alone");
    lab.up()?;
    let told = |answer: Result<Connectivity, Error>| match answer {
        Err(error) => error.downcast_ref::<ProbeError>().unwrap_or_else(|| panic!("{error}")).clone(),
        Ok(tester) => panic!("{tester:?}"),
    };
    let tester = || net.client.connectivity(&net.server, Protocol::Tcp);
    assert!(matches!(told(net.client.connectivity(&alone, Protocol::Tcp).start()), ProbeError::NoAddress { .. }));
    assert!(matches!(
        told(tester().to(net.server.ipv6()).source(net.client.ipv4()).start()),
        ProbeError::FamilyMismatch { .. }
    ));
    assert!(matches!(told(tester().listen_on(net.server.ipv6()).start()), ProbeError::FamilyMismatch { .. }));
    assert!(matches!(told(tester().timeout(Duration::ZERO).start()), ProbeError::NoTimeout));
    let _first = tester().port(4000).start()?;
    let taken = tester().port(4000).start().unwrap_err();
    assert!(taken.to_string().contains("port") || taken.to_string().contains("4000"), "{taken}");
    drop(lab);
    let gone = alone.connectivity(&net.server, Protocol::Tcp).start()?.check().unwrap_err();
    assert!(gone.downcast_ref::<netns_fixtures::net::LabError>().is_some(), "{gone}");
    Ok(())
}

#[netns_test]
fn an_echo_server_serves_many(net: Pair) -> TestResult {
    for protocol in BOTH {
        let server = net.server.echo_server(protocol, 0)?;
        for _ in 0..20 {
            net.client.echo(&net.server, protocol, server.port()).run()?;
            net.client.echo(net.server.ipv6(), protocol, server.port()).run()?;
        }
        let port = server.port();
        if protocol == Protocol::Tcp {
            let mut streams = Vec::new();
            for _ in 0..5 {
                streams.push(net.client.tcp_connect((net.server.ipv4(), port))?);
            }
            for stream in &mut streams {
                stream.write_all(b"hello")?;
                let mut heard = [0; 5];
                stream.read_exact(&mut heard)?;
                assert_eq!(&heard, b"hello");
            }
        }
        drop(server);
        let gone = failure(net.client.echo(&net.server, protocol, port).run());
        assert!(matches!(gone, TransportFailure::Refused { .. }), "{gone}");
    }
    Ok(())
}

/// Uses ncat as the other end, in both roles.
#[netns_test]
fn ncat_is_understood_and_understands(net: Pair) -> TestResult {
    require_program("ncat")?;
    require_program("cat")?;
    for (protocol, port) in [(Protocol::Tcp, 4000), (Protocol::Udp, 4001)] {
        let is_udp = protocol == Protocol::Udp;
        let mut ncat = net.server.command("ncat")?;
        ncat.args(["--listen", "--keep-open", "--exec", "/bin/cat"]).arg(port.to_string());
        if is_udp {
            ncat.arg("--udp");
        }
        let ready = if is_udp { Ready::udp_port(port) } else { Ready::tcp_port(port) };
        let mut ncat = ncat.ready_when(ready).spawn()?;
        net.client.echo(&net.server, protocol, port).run()?;
        ncat.stop()?;

        // ncat's own child holds the socket for a moment longer than ncat.
        let server = net.server.echo_server(protocol, 0)?;
        let mut ncat = net.client.command("ncat")?;
        ncat.arg(net.server.ipv4().to_string()).arg(server.port().to_string()).stdin(Stdio::piped());
        if is_udp {
            ncat.arg("--udp");
        }
        let mut ncat = ncat.spawn()?;
        ncat.write_line("hello from ncat")?;
        assert_eq!(ncat.read_line()?.as_deref(), Some("hello from ncat"), "{protocol:?}");
    }
    Ok(())
}

/// A client that closed its sending half still receives everything, and a reply comes from the requested address.
#[netns_test]
fn an_echo_server_answers_to_the_end_and_from_where_it_was_asked(net: Pair) -> TestResult {
    let server = net.server.echo_server(Protocol::Tcp, 0)?;
    for _ in 0..20 {
        let mut stream = net.client.tcp_connect((net.server.ipv4(), server.port()))?;
        stream.write_all(b"hello")?;
        stream.shutdown(Shutdown::Write)?;
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard)?;
        assert_eq!(heard, b"hello");
    }
    // The first address is the source of routes for replies to these.
    for second in ["192.0.2.7/24", "192.0.2.8/24", "2001:db8::7/64", "2001:db8::8/64"] {
        net.server.add_address("eth0", second.parse()?)?;
    }
    for near in ["192.0.2.1/24", "2001:db8::1/64"] {
        net.client.add_address("eth0", near.parse()?)?;
    }
    let server = net.server.echo_server(Protocol::Udp, 0)?;
    for asked in ["192.0.2.7", "192.0.2.8", "2001:db8::7", "2001:db8::8"] {
        net.client.echo(asked.parse::<IpAddr>()?, Protocol::Udp, server.port()).run()?;
    }
    Ok(())
}

/// While a connection is idle, its kernel sends lost data again and receives errors about it.
#[netns_test]
fn an_error_of_an_earlier_exchange_is_not_one_of_a_later_exchange(net: Routed) -> TestResult {
    net.router.set_sysctl("net.ipv4.icmp_ratemask", "0")?;
    let mut tester = net.client.connectivity(&net.server, Protocol::Tcp).timeout(SHORT).start()?;
    tester.check()?;
    on_forward(&net.router, "tcp flags & psh != 0 counter reject with icmpx no-route")?;
    let unreachable = failure(tester.check());
    assert!(matches!(unreachable, TransportFailure::Unreachable { .. }), "{unreachable}");
    let before = counted(&net.router)?;
    wait_until(Deadline::after(Duration::from_secs(10)), Duration::from_millis(5), || match counted(&net.router) {
        Ok(again) if again > before => Break(()),
        seen => Continue(seen.is_ok()),
    })?;
    clear(&net.router)?;
    // Waits for lost data, which the kernel sends again at doubling intervals.
    let mut patient = || tester.check().map_err(|error| format!("{error:#}"));
    let first = patient();
    assert!(first.as_ref().err().is_none_or(|error| !error.contains("unreachable")), "{first:?}");
    wait_until(Deadline::after(Duration::from_secs(10)), Duration::from_millis(1), || match patient() {
        Ok(()) => Break(()),
        Err(error) => Continue(error),
    })?;
    Ok(())
}

/// Data that arrives changed or from another address has crossed the network: it does not prove a firewall.
/// A client that sends until both ends are full, and reads only then.
#[netns_test]
fn an_echo_server_keeps_a_client_that_reads_late(net: Pair) -> TestResult {
    let server = net.server.echo_server(Protocol::Tcp, 0)?;
    let mut client = net.client.tcp_connect((net.server.ipv4(), server.port()))?;
    // A prime length: a lost or doubled part moves the following bytes.
    let bytes: Vec<u8> = (0..65_521_u32).map(|i| i.to_le_bytes()[0] ^ i.to_le_bytes()[1]).collect();
    let bytes = bytes.repeat(1024);
    client.set_nonblocking(true)?;
    let mut sent = 0;
    // Both ends are full when no write has succeeded for a while.
    let full = wait_until(Deadline::after(Duration::from_secs(10)), Duration::from_millis(100), || {
        let before = sent;
        while let Ok(length) = client.write(&bytes[sent..]) {
            sent += length;
        }
        if sent == before { Break(()) } else { Continue(sent) }
    });
    full?;
    assert!(sent > 100_000 && sent < bytes.len(), "{sent}");
    client.set_nonblocking(false)?;
    client.shutdown(Shutdown::Write)?;
    let mut received = Vec::new();
    client.read_to_end(&mut received)?;
    assert!(received == bytes[..sent], "{} of {sent}", received.len());
    Ok(())
}

/// Two hosts of the same name are different hosts.
#[netns_test]
fn hosts_of_one_name_are_told_apart(mut one: Lab, mut other: Lab) -> TestResult {
    let hosts = |lab: &mut Lab| -> TestResult<[Host; 2]> {
        let hosts = ["a", "b"].map(|name| lab.host(name));
        lab.link(&hosts[0], &hosts[1]);
        lab.up()?;
        Ok(hosts)
    };
    let ([a, b], [far_a, _]) = (hosts(&mut one)?, hosts(&mut other)?);
    let report = matrix(&[a.clone(), b.clone()]).run()?;
    assert!(report.get(&a, &b).is_some());
    assert_eq!(report.get(&far_a, &b), None);
    // The error shows both ends, though they have the same name.
    let error = a.connectivity(&far_a, Protocol::Tcp).timeout(SHORT).start()?.check().unwrap_err();
    let report = format!("{error:?}");
    assert_eq!(report.matches("\"a\":").count(), 2, "{report}");
    Ok(())
}

/// A wait whose own deadline is later than the test's still reports.
#[netns_test(deadline = "8s")]
fn waits_end_before_the_deadline_of_their_test(net: Pair, context: TestContext) -> TestResult {
    on_input(&net.server, "tcp dport 80 drop")?;
    let far = || Deadline::after(Duration::from_secs(60));
    let available = context.deadline().remaining();
    let connect = net.client.connect(&net.server, Protocol::Tcp, 80).timeout(Duration::from_secs(60)).deadline(far());
    assert!(!connect.run()?.is_connected());
    // It waited for most of the time that was left, and a part is left for the report.
    let left = context.deadline().remaining();
    assert!(!left.is_zero() && left < available / 2, "{left:?} of {available:?}");
    // The time is over, and each of these still reports its observation.
    let error = wait_until::<(), _>(far(), Duration::from_millis(1), || Continue("down")).unwrap_err();
    assert!(format!("{error:#}").contains("\"down\""), "{error}");
    let error = net.client.tcp_connect((net.server.ipv4(), 80)).unwrap_err();
    assert!(format!("{error:#}").contains("198.18.0.2:80"), "{error}");
    assert!(!context.deadline().is_expired());
    Ok(())
}

/// The first example of docs/probes.md, with a firewall that works and with some that do not.
#[netns_test]
fn the_firewall_lets_pings_and_nothing_else_through(net: Routed) -> TestResult {
    let example = |close_tcp: &str| -> Result<(), Error> {
        let mut web = net.client.connectivity(&net.server, Protocol::Tcp).port(80).timeout(SHORT).start()?;
        web.check()?;
        on_forward(&net.router, close_tcp).expect("nft takes the rule");
        web.respawn()?;
        web.expect_unreachable()?.because(Absence::Silence)?;
        net.client.ping(&net.server).timeout(SHORT).run()?.expect_all()?;
        Ok(())
    };
    example("tcp dport 80 drop")?;
    clear(&net.router)?;
    // Its failing twins: a rule for another port, one that rejects, and one that drops everything.
    for (rule, part) in [
        ("tcp dport 81 drop", "expected no exchange over TCP"),
        ("tcp dport 80 reject with icmpx admin-prohibited", "because of Silence"),
        ("meta l4proto { tcp, icmp } drop", "the control failed too"),
    ] {
        let error = example(rule).unwrap_err();
        assert!(format!("{error:#}").contains(part), "{rule}: {error}");
        clear(&net.router)?;
    }
    Ok(())
}

/// The example of `during` in docs/probes.md, with a change that causes a short outage, and with some that fail.
#[netns_test]
fn a_fail_over_costs_little(net: Pair) -> TestResult {
    let limit = Duration::from_secs(1);
    let outage_of = |change: &dyn Fn() -> Result<(), Error>| -> Result<Option<Duration>, Error> {
        let ping = net.client.ping(&net.server).interval(Duration::from_millis(1)).timeout(Duration::from_millis(100));
        let change = ping.deadline(Deadline::after(Duration::from_secs(5))).during(change)?;
        change.expect_recovered()?;
        Ok(change.report.longest_outage().map(|outage| outage.lasting))
    };
    let ignore = |value: &str| net.server.set_sysctl("net.ipv4.icmp_echo_ignore_all", value);
    let short = outage_of(&|| ignore("1").and_then(|()| ignore("0")))?;
    assert!(short.is_none_or(|outage| outage < limit), "{short:?}");
    // Its failing twins: an outage that lasts, one that never ends, and a change that fails.
    let long = outage_of(&|| {
        ignore("1")?;
        // An outage of known length, which the probe must find.
        let silence = wait_until::<(), _>(Deadline::after(2 * limit), limit, || Continue("silent"));
        assert!(silence.is_err());
        ignore("0")
    })?;
    assert!(long.is_some_and(|outage| outage >= limit), "{long:?}");
    let never = outage_of(&|| ignore("1")).unwrap_err();
    assert!(matches!(never.downcast_ref(), Some(ProbeError::NotRecovered { .. })), "{never}");
    ignore("0")?;
    let failed = outage_of(&|| net.server.link_down("eth9")).unwrap_err();
    assert!(format!("{failed:#}").contains("eth9"), "{failed}");
    Ok(())
}
