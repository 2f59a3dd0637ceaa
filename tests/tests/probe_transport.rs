//! Exchanges between hosts, and each way in which they fail, made by a network that fails in this way.

#![forbid(unsafe_code)]

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown};
use std::ops::ControlFlow::{Break, Continue};
use std::time::Duration;

use netns_fixtures::Error;
use netns_fixtures::net::address::IpNet;
use netns_fixtures::prelude::*;
use netns_fixtures::probe::{Absence, Connectivity, End, ProbeError, Protocol, TransportFailure, Unreachable};
use netns_fixtures::process::Stdio;
use netns_fixtures::requirements::require_program;
use netns_tests::nft::{clear, nft, on_forward, on_input, on_output};

const SHORT: Duration = Duration::from_millis(300);
const BOTH: [Protocol; 2] = [Protocol::Tcp, Protocol::Udp];

/// How a check fails.
fn failure(answer: Result<(), Error>) -> TransportFailure {
    match answer.unwrap_err() {
        Error::Probe(ProbeError::NotConnected { failure, .. }) => failure,
        error => panic!("{error}"),
    }
}

fn name(protocol: Protocol) -> &'static str {
    if protocol == Protocol::Tcp { "tcp" } else { "udp" }
}

#[netns_test]
fn data_goes_in_both_directions_over_both_families(net: Pair) -> TestResult {
    for protocol in BOTH {
        let before = net.server.statistics("eth0")?.received_packets;
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
        assert!(net.server.statistics("eth0")?.received_packets >= before + 16, "{protocol:?}");
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
        assert_eq!(failure(tester.check()), TransportFailure::Filtered { towards: End::Server });
        assert!(tester.is_established());
        clear(&net.server)?;
        // TCP sends again what was lost, after a while that doubles: 200 ms at first; RFC 6298.
        let mut again = net.client.connectivity(&net.server, protocol).start()?;
        again.check()?;
        wait_until(Deadline::after(Duration::from_secs(10)), Duration::from_millis(1), || match tester.check() {
            Ok(()) => Break(()),
            Err(error) => Continue(error.to_string()),
        })?;
        assert_eq!(tester.peer(), peer, "it is the same session");
        on_input(&net.client, "drop")?;
        assert_eq!(failure(tester.check()), TransportFailure::Filtered { towards: End::Client });
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
    // Otherwise it sends each host one error a second, after the first six; source: icmp(7).
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
            failure(net.client.echo(&net.server, protocol, 9)),
            TransportFailure::Refused { by: (protocol == Protocol::Udp).then_some(net.server.ipv4().into()) }
        );

        on_input(&net.server, &format!("{name} dport 4000 drop"))?;
        assert_eq!(failure(start()?.check()), TransportFailure::Filtered { towards: End::Server });
        let absent = start()?.expect_unreachable()?;
        assert_eq!(
            (absent.how(), absent.failure()),
            (Absence::Silence, Some(TransportFailure::Filtered { towards: End::Server }))
        );
        clear(&net.server)?;
        start()?.check()?;

        on_forward(&net.router, &format!("{name} dport 4000 reject with icmpx admin-prohibited"))?;
        let prohibited = TransportFailure::Unreachable { why: Unreachable::Prohibited, by: Some(router("eth0")?) };
        assert_eq!(failure(start()?.check()), prohibited);
        start()?.expect_unreachable()?.because(Absence::Unreachable(Unreachable::Prohibited))?;
        let wrong = start()?.expect_unreachable()?.because(Absence::Silence).unwrap_err();
        assert!(matches!(wrong, Error::Probe(ProbeError::Unexpected { .. })), "{wrong}");
        clear(&net.router)?;

        on_output(&net.client, &format!("{name} dport 4000 drop"))?;
        let here = failure(start()?.check());
        // TCP's own kernel tries again until the time is over; a datagram is refused at once.
        let expected = if protocol == Protocol::Tcp {
            TransportFailure::Filtered { towards: End::Server }
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
fn no_route_is_told_without_a_sender(net: Pair) -> TestResult {
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
    assert_eq!(reset, TransportFailure::Reset { at: End::Client });
    assert!(!tester.is_established());
    assert_eq!(failure(tester.check()), TransportFailure::Refused { by: None });
    clear(&net.server)?;
    tester.check()?;
    // The server never hears the end of the handshake.
    tester.respawn()?;
    on_input(&net.server, "tcp dport 4000 tcp flags & (syn | ack) == ack drop")?;
    assert_eq!(failure(tester.check()), TransportFailure::HalfOpen { at: End::Client });
    Ok(())
}

#[netns_test]
fn data_and_peers_that_are_wrong_are_noticed(net: Routed) -> TestResult {
    // What arrives begins with zeros: after the 64 bits of UDP's header, the data.
    let mut tester = net.client.connectivity(&net.server, Protocol::Udp).port(4000).timeout(SHORT).start()?;
    tester.check()?;
    on_forward(&net.router, "udp dport 4000 @th,64,64 set 0 udp checksum set 0")?;
    let changed = failure(tester.check());
    assert_eq!(changed, TransportFailure::WrongData { at: End::Server });
    clear(&net.router)?;

    for protocol in BOTH {
        let tester = || net.client.connectivity(&net.server, protocol).timeout(SHORT);
        let translated = net.router.ipv4();
        let found = failure(tester().seen_as(translated).start()?.check());
        assert!(matches!(found, TransportFailure::WrongPeer { at: End::Server, .. }), "{found}");
        tester().seen_as(net.client.ipv4()).start()?.check()?;
        // The router in the client's place.
        nft(&net.router, "add table ip nat")?;
        nft(&net.router, "add chain ip nat post { type nat hook postrouting priority 100; }")?;
        nft(&net.router, "add rule ip nat post oifname eth1 masquerade")?;
        let outside = net.router.device("eth1")?.addresses[0].addr();
        let mut behind = tester().seen_as(outside).start()?;
        behind.check()?;
        assert_eq!(behind.peer().map(|peer| peer.ip()), Some(outside));
        clear(&net.router)?;
    }

    // An answer of somebody else: the server answers from the address that its route has, not from the one that was asked.
    let second: IpAddr = "198.51.100.7".parse()?;
    net.server.add_address("eth0", "198.51.100.7/32".parse()?)?;
    net.router.add_route("198.51.100.7/32".parse::<IpNet>()?, net.server.ipv4())?;
    let mut tester = net.client.connectivity(&net.server, Protocol::Udp).to(second).listen_on(Ipv4Addr::UNSPECIFIED);
    tester = tester.timeout(SHORT);
    let found = failure(tester.start()?.check());
    let TransportFailure::WrongPeer { at: End::Client, expected, found } = found else { panic!("{found}") };
    assert_eq!((expected.ip(), found.ip()), (second, net.server.ipv4().into()));
    Ok(())
}

#[netns_test]
fn absence_is_proved_by_a_control_that_works(net: Pair) -> TestResult {
    let mut tester = net.client.connectivity(&net.server, Protocol::Tcp).port(4000).timeout(SHORT).start()?;
    let there = tester.expect_unreachable().unwrap_err().to_string();
    assert!(there.contains("data was exchanged") && there.contains("\"server\":"), "{there}");
    assert!(there.contains("TCP") && there.contains("> 4000 SYN"), "{there}");
    // A check that fails shows as much.
    on_input(&net.server, "tcp dport 4000 drop")?;
    tester.respawn()?;
    let filtered = tester.check().unwrap_err().to_string();
    for part in ["no answer", "\"client\":", "routes:", "is at ", "eth0: ", "> 4000 SYN"] {
        assert!(filtered.contains(part), "{part} in {filtered}");
    }
    clear(&net.server)?;
    // All ports: the control on another one fails as well, and nothing is proved.
    on_input(&net.server, "meta l4proto tcp drop")?;
    tester.respawn()?;
    let broken = tester.expect_unreachable().unwrap_err();
    assert!(matches!(broken, Error::Probe(ProbeError::ControlFailed { .. })), "{broken}");
    // By another protocol it is: UDP passes.
    let mut udp = net.client.connectivity(&net.server, Protocol::Udp).start()?;
    tester.expect_unreachable_with_control(&mut udp)?.because(Absence::Silence)?;
    clear(&net.server)?;
    // The same for a ping, whose own control is a connection.
    on_input(&net.server, "meta l4proto icmp drop")?;
    net.client.ping(&net.server).timeout(SHORT).expect_unreachable()?.because(Absence::Silence)?;
    let address = net.client.ping(net.server.ipv4()).timeout(SHORT).expect_unreachable().unwrap_err();
    assert!(matches!(address, Error::Probe(ProbeError::NoControl { .. })), "{address}");
    on_input(&net.server, "meta l4proto tcp drop")?;
    let broken = net.client.ping(&net.server).timeout(SHORT).expect_unreachable().unwrap_err();
    assert!(matches!(broken, Error::Probe(ProbeError::ControlFailed { .. })), "{broken}");
    Ok(())
}

/// The number that a counter of nft shows.
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
fn sctp_works_or_is_told_to_be_missing(net: Pair) -> TestResult {
    match net.client.connectivity(&net.server, Protocol::Sctp).start() {
        Ok(mut tester) => {
            tester.check()?;
            tester.check()?;
        }
        Err(Error::Probe(ProbeError::Unsupported { protocol: "SCTP", remedy })) => assert!(remedy.contains("sctp")),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

#[netns_test]
fn what_does_not_go_together_is_told(net: Pair, mut lab: Lab) -> TestResult {
    let alone = lab.host("alone");
    lab.up()?;
    let told = |answer: Result<Connectivity, Error>| match answer {
        Err(Error::Probe(error)) => error,
        Err(error) => panic!("{error}"),
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
    assert!(matches!(gone, Error::Lab(_)), "{gone}");
    Ok(())
}

#[netns_test]
fn an_echo_server_serves_many(net: Pair) -> TestResult {
    for protocol in BOTH {
        let server = net.server.echo_server(protocol, 0)?;
        for _ in 0..20 {
            net.client.echo(&net.server, protocol, server.port())?;
            net.client.echo(net.server.ipv6(), protocol, server.port())?;
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
        let gone = failure(net.client.echo(&net.server, protocol, port));
        assert!(matches!(gone, TransportFailure::Refused { .. }), "{gone}");
    }
    Ok(())
}

/// ncat at the other end, in both roles.
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
        net.client.echo(&net.server, protocol, port)?;
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

/// What a half-closed connection still has under way is heard to its end, and an answer comes from the address that was asked.
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
    // The routes of answers to these have the first one as their source.
    for second in ["192.0.2.7/24", "192.0.2.8/24", "2001:db8::7/64", "2001:db8::8/64"] {
        net.server.add_address("eth0", second.parse()?)?;
    }
    for near in ["192.0.2.1/24", "2001:db8::1/64"] {
        net.client.add_address("eth0", near.parse()?)?;
    }
    let server = net.server.echo_server(Protocol::Udp, 0)?;
    for asked in ["192.0.2.7", "192.0.2.8", "2001:db8::7", "2001:db8::8"] {
        net.client.echo(asked.parse::<IpAddr>()?, Protocol::Udp, server.port())?;
    }
    Ok(())
}

/// While a connection rests, its kernel sends again what was lost, and is told again that it did not arrive.
#[netns_test]
fn what_befell_a_connection_before_is_not_told_of_a_later_exchange(net: Routed) -> TestResult {
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
    // What was lost comes again after a while that doubles, and is waited for here.
    let mut patient = || tester.check().map_err(|error| error.to_string());
    let first = patient();
    assert!(first.as_ref().err().is_none_or(|error| !error.contains("unreachable")), "{first:?}");
    wait_until(Deadline::after(Duration::from_secs(10)), Duration::from_millis(1), || match patient() {
        Ok(()) => Break(()),
        Err(error) => Continue(error),
    })?;
    Ok(())
}

/// Data that arrives under another address than it should, or changed, has crossed: it proves no firewall.
#[netns_test]
fn what_arrives_wrongly_is_not_absent(net: Pair) -> TestResult {
    for protocol in BOTH {
        let tester = || net.client.connectivity(&net.server, protocol).timeout(SHORT);
        let mut control = tester().start()?;
        let elsewhere = Ipv4Addr::new(192, 0, 2, 9);
        let crossed = tester().seen_as(elsewhere).start()?.expect_unreachable_with_control(&mut control).unwrap_err();
        assert!(matches!(&crossed, Error::Probe(ProbeError::Unexpected { .. })), "{crossed}");
        assert!(crossed.to_string().contains("192.0.2.9"), "{crossed}");
    }
    Ok(())
}
