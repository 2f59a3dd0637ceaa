//! Pings, compared with the kernel's counters and with the behaviour of the network.

#![forbid(unsafe_code)]

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::ControlFlow::{Break, Continue};
use std::time::{Duration, Instant};

use netns_fixtures::journal::{self, Event};
use netns_fixtures::net::address::IpNet;
use netns_fixtures::net::{LabError, Lan};
use netns_fixtures::prelude::*;
use netns_fixtures::probe::{
    Absence, Family, IcmpErrorKind, IcmpKind, ProbeError, Protocol, Target, Unreachable, matrix,
};
use netns_fixtures::process::Capability;
use netns_fixtures::{Error, ErrorKind};
use netns_tests::time_factor;

const SHORT: Duration = Duration::from_millis(200);

/// A counter of a host's kernel, from /proc/net/snmp.
fn icmp_count(host: &Host, name: &str) -> TestResult<u64> {
    let text = host.run(|| std::fs::read_to_string("/proc/thread-self/net/snmp"))??;
    let mut lines = text.lines().filter(|line| line.starts_with("Icmp:"));
    let (names, values) = (lines.next().ok_or("no names")?, lines.next().ok_or("no values")?);
    let place = names.split(' ').position(|found| found == name).ok_or("no such count")?;
    Ok(values.split(' ').nth(place).ok_or("no such value")?.parse()?)
}

#[netns_test]
fn every_packet_is_answered_and_the_kernel_counted_as_many(net: Pair) -> TestResult {
    for kind in [IcmpKind::Datagram, IcmpKind::Raw] {
        let before = icmp_count(&net.server, "InEchos")?;
        let report = net.client.ping(&net.server).count(50).interval(Duration::from_millis(1)).socket(kind).run()?;
        report.expect_all()?;
        assert_eq!(report.statistics().sent, 50);
        assert_eq!(icmp_count(&net.server, "InEchos")? - before, 50, "{kind:?}");
        let (min, median, max) =
            (report.min().ok_or("none")?, report.percentile(50).ok_or("none")?, report.max().ok_or("none")?);
        assert!(min <= median && median <= max && max < Duration::from_secs(1), "{min:?} {median:?} {max:?}");
        assert!(!min.is_zero() && report.round_trips().count() == 50);
        net.client.ping(&net.server).ipv6().socket(kind).run()?.expect_all()?;
    }
    Ok(())
}

#[netns_test]
fn all_sizes_arrive_whole(net: Pair) -> TestResult {
    for (most, family) in [(65_507, Family::V4), (65_527, Family::V6)] {
        for bytes in [0, 1, 7, 8, 9, 1400, 1473, 9000, most] {
            let ping = net.client.ping(&net.server).payload(bytes).interval(Duration::ZERO);
            let ping = ping.timeout(Duration::from_secs(10));
            let ping = if family == Family::V4 { ping.ipv4() } else { ping.ipv6() };
            ping.run()?.expect_all().map_err(|error| format!("{bytes} bytes: {error:#}"))?;
        }
    }
    Ok(())
}

#[netns_test]
fn flooding_goes_at_the_pace_of_the_answers(net: Pair) -> TestResult {
    let time_of = |interval| -> TestResult<Duration> {
        let began = Instant::now();
        net.client.ping(&net.server).count(20).interval(interval).run()?.expect_all()?;
        Ok(began.elapsed())
    };
    let (paced, flooded) = (time_of(Duration::from_millis(50))?, time_of(Duration::ZERO)?);
    assert!(flooded < paced / 2, "{flooded:?}, and {paced:?} at 50 ms each");
    Ok(())
}

fn link_local(host: &Host) -> TestResult<Ipv6Addr> {
    let address = wait_until(Deadline::after(Duration::from_secs(10)), Duration::from_millis(1), || {
        let text = host.run(|| std::fs::read_to_string("/proc/thread-self/net/if_inet6"));
        let text =
            text.map_err(|error| format!("{error:#}")).and_then(|text| text.map_err(|error| format!("{error:#}")));
        let Ok(text) = text else { return Continue(text) };
        let line = text.lines().find(|line| line.starts_with("fe80") && line.ends_with("eth0"));
        line.map(|line| line[..32].to_owned()).map_or(Continue(Ok(text.clone())), Break)
    })?;
    Ok(Ipv6Addr::from_bits(u128::from_str_radix(&address, 16)?))
}

#[netns_test]
fn a_link_local_address_needs_its_device(net: Pair) -> TestResult {
    // The kernel adds these addresses a moment after the link has its carrier.
    link_local(&net.client)?;
    let link_local = link_local(&net.server)?;
    net.client.ping(link_local).device("eth0").run()?.expect_all()?;
    let error = net.client.ping(link_local).run().unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(ProbeError::NoScope { .. })), "{error}");
    Ok(())
}

#[netns_test]
async fn a_runtime_goes_on_while_its_ping_waits(net: Pair) -> TestResult {
    net.server.set_sysctl("net.ipv4.icmp_echo_ignore_all", "1")?;
    let ping = net.client.ping(&net.server).count(2).timeout(SHORT);
    let mut turns = 0;
    let counting = async {
        loop {
            tokio::time::sleep(Duration::from_millis(5)).await;
            turns += 1;
        }
    };
    let report =
        tokio::select! { report = ping.run_async() => report?, () = counting => return Err("it ended".into()) };
    assert_eq!((report.statistics().sent, report.statistics().lost), (2, 2));
    assert!(turns >= 5, "{turns}");
    net.server.set_sysctl("net.ipv4.icmp_echo_ignore_all", "0")?;
    let (one, other) = tokio::join!(
        async { net.client.ping(&net.server).count(100).interval(Duration::ZERO).run_async().await },
        async { net.server.ping(&net.client).ipv6().count(100).interval(Duration::ZERO).run_async().await }
    );
    one?.expect_all()?;
    other?.expect_all()?;
    // An error wakes the task before its timeout.
    let began = Instant::now();
    net.client.add_route("203.0.113.0/24".parse::<IpNet>()?, net.server.ipv4())?;
    net.server.set_sysctl("net.ipv4.ip_forward", "1")?;
    let nowhere = Ipv4Addr::new(203, 0, 113, 9);
    let report = net.client.ping(nowhere).count(1).timeout(Duration::from_secs(20)).run_async().await?;
    assert_eq!(report.errors().len(), 1);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    Ok(())
}

#[netns_test]
fn the_background_counts_live_and_stops(net: Pair) -> TestResult {
    let pinger = net.client.ping(&net.server).interval(Duration::from_millis(1)).start()?;
    let enough = Deadline::after(Duration::from_secs(10));
    wait_until(enough, Duration::from_millis(1), || {
        let statistics = pinger.statistics();
        if statistics.received >= 20 { Break(()) } else { Continue(statistics) }
    })?;
    let report = pinger.stop()?;
    report.expect_all()?;
    assert!(report.statistics().sent >= 20);
    let counted = net.client.ping(&net.server).count(30).interval(Duration::from_millis(1)).start()?.wait()?;
    assert_eq!(counted.expect_all()?.statistics().sent, 30);
    // A dropped ping does not wait for the packets in flight.
    net.server.set_sysctl("net.ipv4.icmp_echo_ignore_all", "1")?;
    let began = Instant::now();
    drop(net.client.ping(&net.server).timeout(Duration::from_secs(20)).start()?);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    Ok(())
}

#[netns_test]
fn errors_come_with_their_sender_and_their_packet(net: Routed) -> TestResult {
    let router = net.router.device("eth0")?.addresses[0].addr();
    // A destination to which the router has no route.
    let nowhere = Ipv4Addr::new(203, 0, 113, 1);
    let report = net.client.ping(nowhere).count(2).run()?;
    let [first, second] = report.errors() else { return Err(format!("{:?}", report.errors()).into()) };
    assert_eq!((first.from, first.packet), (Some(router), 0));
    assert_eq!((second.from, second.packet), (Some(router), 1));
    assert_eq!(first.kind, IcmpErrorKind::Unreachable(Unreachable::Network));
    assert_eq!((report.statistics().sent, report.statistics().lost), (2, 2));
    // The control: the counter of the router's kernel.
    assert_eq!(icmp_count(&net.router, "OutDestUnreachs")?, 2);

    let report = net.client.ping(&net.server).ipv6().time_to_live(1).count(1).run()?;
    let [error] = report.errors() else { return Err(format!("{:?}", report.errors()).into()) };
    assert_eq!(error.kind, IcmpErrorKind::TimeExceeded);
    assert!(net.router.device("eth0")?.addresses.iter().any(|address| Some(address.addr()) == error.from), "{error}");
    net.client.ping(&net.server).ipv6().time_to_live(2).run()?.expect_all()?;
    Ok(())
}

#[netns_test]
fn a_packet_that_is_too_big_is_answered_with_the_mtu_of_the_link(mut lab: Lab) -> TestResult {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    let router = lab.router("router");
    lab.link(&a, &router);
    lab.link(&router, &b).mtu(1400);
    lab.gateway(&a, &router);
    lab.gateway(&b, &router);
    lab.up()?;
    for (headers, ipv6) in [(28, false), (48, true)] {
        let ping = |bytes: usize| {
            let ping = a.ping(&b).count(1).payload(bytes).dont_fragment();
            if ipv6 { ping.ipv6() } else { ping }
        };
        ping(1400 - headers).run()?.expect_all()?;
        let report = ping(1400 - headers + 1).run()?;
        let [error] = report.errors() else { return Err(format!("{:?}", report.errors()).into()) };
        assert_eq!(error.kind, IcmpErrorKind::PacketTooBig { mtu: 1400 });
        assert!(router.device("eth0")?.addresses.iter().any(|address| Some(address.addr()) == error.from), "{error}");
        // Larger than the first link: the error comes from the host's own kernel.
        let report = ping(1500 - headers + 1).run()?;
        let [error] = report.errors() else { return Err(format!("{:?}", report.errors()).into()) };
        assert_eq!((error.kind, error.from), (IcmpErrorKind::PacketTooBig { mtu: 1500 }, None));
    }
    // The control: a packet that may be fragmented arrives.
    a.ping(&b).payload(3000).run()?.expect_all()?;
    Ok(())
}

#[netns_test]
fn source_and_device_are_those_that_were_asked_for(net: Pair) -> TestResult {
    net.client.ping(&net.server).source(net.client.ipv4()).device("eth0").run()?.expect_all()?;
    net.client.ping(&net.server).source(net.client.ipv6()).run()?.expect_all()?;
    let foreign = net.client.ping(&net.server).source(net.server.ipv4()).run().unwrap_err();
    assert!(matches!(foreign.downcast_ref(), Some(ProbeError::SourceNotHere { .. })), "{foreign}");
    // On a device that does not lead to the server nobody replies, although a route exists.
    let report = net.client.ping(&net.server).device("lo").timeout(SHORT).run()?;
    assert_eq!(report.statistics().received, 0, "{}", report.statistics());
    Ok(())
}

#[netns_test]
fn an_impossible_ping_is_an_error_before_it_is_sent(net: Pair, mut lab: Lab) -> TestResult {
    fn probe_error<T: std::fmt::Debug>(answer: Result<T, Error>) -> ProbeError {
        let error = answer.unwrap_err();
        error.downcast_ref::<ProbeError>().unwrap_or_else(|| panic!("{error}")).clone()
    }
    let ping = |to: Target| net.client.ping(to);
    let server = || Target::from(&net.server);
    let alone = lab.host("alone");
    lab.up()?;
    assert!(matches!(probe_error(ping(net.server.ipv4().into()).ipv6().run()), ProbeError::FamilyMismatch { .. }));
    assert!(matches!(
        probe_error(ping(net.server.ipv6().into()).source(net.client.ipv4()).run()),
        ProbeError::FamilyMismatch { .. }
    ));
    assert!(matches!(probe_error(ping((&alone).into()).run()), ProbeError::NoAddress { .. }));
    assert!(matches!(probe_error(alone.ping(&net.server).run()), ProbeError::NoRoute { .. }));
    assert!(matches!(probe_error(alone.ping(&net.server).ipv6().run()), ProbeError::NoRoute { .. }));
    assert!(matches!(probe_error(ping(server()).device("eth9").run()), ProbeError::NoSuchDevice { .. }));
    assert!(matches!(probe_error(ping(server()).count(0).run()), ProbeError::OutOfRange { value: 0, .. }));
    assert!(matches!(
        probe_error(ping(server()).count(1_000_001).run()),
        ProbeError::OutOfRange { most: 1_000_000, .. }
    ));
    assert!(matches!(probe_error(ping(server()).interval(Duration::ZERO).start()), ProbeError::Endless));
    assert!(matches!(probe_error(ping(server()).start()?.wait()), ProbeError::NoEnd));
    assert!(matches!(probe_error(ping(server()).timeout(Duration::ZERO).run()), ProbeError::NoTimeout));
    assert!(matches!(probe_error(ping(server()).payload(65_508).run()), ProbeError::OutOfRange { most: 65_507, .. }));
    assert!(matches!(
        probe_error(ping(server()).ipv6().payload(65_528).run()),
        ProbeError::OutOfRange { most: 65_527, .. }
    ));
    assert!(matches!(probe_error(ping(server()).time_to_live(0).run()), ProbeError::OutOfRange { .. }));
    for nobody in [Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST, Ipv4Addr::new(224, 0, 0, 1)] {
        assert!(matches!(probe_error(ping(nobody.into()).run()), ProbeError::NotOneHost { .. }), "{nobody}");
    }
    // The longest times are valid: the deadline comes first.
    ping(server()).count(1).timeout(Duration::MAX).interval(Duration::MAX).run()?.expect_all()?;
    let soon = Deadline::after(Duration::from_millis(50));
    let endless = ping(server()).count(2).interval(Duration::MAX).timeout(Duration::MAX).deadline(soon).run();
    assert!(matches!(probe_error(endless), ProbeError::Timeout { .. }));
    let soon = Deadline::after(Duration::from_millis(50));
    let error = probe_error(ping(server()).count(1000).deadline(soon).run());
    assert!(matches!(&error, ProbeError::Timeout { so_far, .. } if so_far.contains("sent")), "{error}");

    let host = alone.clone();
    drop(lab);
    let error = host.ping(Ipv4Addr::LOCALHOST).run().unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(LabError::Gone { .. })), "{error}");
    Ok(())
}

#[netns_test]
fn the_error_of_a_failed_assertion_shows_both_ends(net: Pair) -> TestResult {
    net.server.set_sysctl("net.ipv4.icmp_echo_ignore_all", "1")?;
    let error = net.client.ping(&net.server).count(2).timeout(SHORT).expect_reachable().unwrap_err();
    let error = format!("{error:?}");
    for part in [
        "2 sent, 0 received, 2 lost".to_owned(),
        "\"client\":".to_owned(),
        "\"server\":".to_owned(),
        "eth0: ".to_owned(),
        format!("{} is at {} on eth0", net.server.ipv4(), net.server.mac("eth0")?),
        "/24 dev eth0".to_owned(),
        format!("out {} > {} echo request", net.client.ipv4(), net.server.ipv4()),
        format!("in  {} > {} echo request", net.client.ipv4(), net.server.ipv4()),
    ] {
        assert!(error.contains(&part), "{part} in:\n{error}");
    }
    // The control: nothing is ignored, and there is no error.
    net.server.set_sysctl("net.ipv4.icmp_echo_ignore_all", "0")?;
    net.client.ping(&net.server).expect_reachable()?;
    Ok(())
}

/// A router that reports a nearer router has forwarded the packet.
#[netns_test]
fn a_redirected_packet_is_not_lost(lan: Lan<3>) -> TestResult {
    let [client, router, server] = &lan.hosts;
    router.set_sysctl("net.ipv4.ip_forward", "1")?;
    client.set_sysctl("net.ipv4.conf.all.accept_redirects", "0")?;
    client.set_sysctl("net.ipv4.conf.eth0.accept_redirects", "0")?;
    client.add_route(IpNet::new(server.addr(), 32)?, router.ipv4())?;
    let report = client.ping(server).count(1).run()?;
    let found = report.statistics();
    assert_eq!((found.sent, found.received, found.lost, found.errors), (1, 1, 0, 1), "{found}");
    let told: Vec<_> = report.errors().iter().map(|error| (error.from, error.kind)).collect();
    assert_eq!(told, [(Some(router.addr()), IcmpErrorKind::Redirect)]);
    Ok(())
}

/// The control uses the link and the family of the ping: over another one it would prove nothing.
#[netns_test]
fn the_control_of_an_absence_takes_the_same_way(mut lab: Lab, lan: Lan<3>) -> TestResult {
    let short = Duration::from_millis(200);
    let is_failed = |answer: Result<_, Error>| {
        answer.is_err_and(|error| matches!(error.downcast_ref(), Some(ProbeError::ControlFailed { .. })))
    };
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    for _ in 0..2 {
        lab.link(&a, &b);
    }
    lab.up()?;
    b.set_sysctl("net.ipv4.icmp_echo_ignore_all", "1")?;
    a.ping(&b).timeout(short).expect_unreachable()?.because(Absence::Silence)?;
    b.link_down("eth1")?;
    assert!(is_failed(a.ping(&b).device("eth1").timeout(short).expect_unreachable()));

    let [one, other, control] = &lan.hosts;
    let ping = || one.ping(other.ipv6()).timeout(short);
    for silent in [other, control] {
        silent.set_sysctl("net.ipv6.icmp.echo_ignore_all", "1")?;
    }
    assert!(is_failed(ping().expect_unreachable_with_control(control)), "IPv4 proves nothing of IPv6");
    control.set_sysctl("net.ipv6.icmp.echo_ignore_all", "0")?;
    ping().expect_unreachable_with_control(control)?.because(Absence::Silence)?;
    Ok(())
}

#[netns_test]
fn a_path_that_does_not_work_is_an_error_before_the_change(net: Pair) {
    let nowhere = net.client.ping(Ipv4Addr::new(203, 0, 113, 1)).during(|| Ok::<_, Error>(())).unwrap_err();
    assert!(matches!(nowhere.downcast_ref(), Some(ProbeError::NoRoute { .. })), "{nowhere}");
}

#[netns_test]
fn the_journal_has_the_probes_in_their_order(net: Pair) -> TestResult {
    net.client.ping(&net.server).count(2).run()?;
    net.client.arping(&net.server).run()?;
    net.server.set_sysctl("net.ipv4.icmp_echo_ignore_all", "1")?;
    net.client.ping(&net.server).count(1).timeout(SHORT).run()?;
    let entries = journal::entries();
    let found = |what: &str, outcome: &str| {
        let is_it = |event: &Event| matches!(event, Event::Probe { what: of, outcome: with } if of.to_string().contains(what) && *with == outcome);
        entries.iter().position(|entry| is_it(&entry.event)).ok_or(format!("{what}: {outcome}: in {entries:#?}"))
    };
    let address = net.server.ipv4();
    let answered = found(&format!("ping from \"client\" to {address}"), "2 sent, 2 received")?;
    let asked = found("arping from", &format!("1 sent, answers of {}", net.server.mac("eth0")?))?;
    let silent = found(&format!("ping from \"client\" to {address}"), "1 sent, 0 received, 1 lost")?;
    assert!(answered < asked && asked < silent, "{entries:#?}");
    let times: Vec<_> = [answered, asked, silent].map(|at| entries[at].at).to_vec();
    assert!(times.is_sorted() && times[2] >= times[1] + SHORT, "{times:?}");
    assert_eq!(entries[silent].host.as_deref(), Some("client"));
    Ok(())
}

#[netns_test]
fn a_journal_that_overflows_says_how_much_is_missing(net: Pair) -> TestResult {
    let probes = 4200;
    let before = journal::entries().len() as u64;
    for _ in 0..probes {
        net.client.ping(Ipv4Addr::LOCALHOST).count(1).interval(Duration::ZERO).run()?;
    }
    let entries = journal::entries();
    let Some(Event::Overflowed { missing }) = entries.first().map(|entry| entry.event.clone()) else {
        return Err(format!("{} entries, the first is {:?}", entries.len(), entries.first()).into());
    };
    let kept = entries.len() as u64 - 1;
    assert_eq!(missing + kept, before + probes, "{missing} are missing, {kept} are there");
    Ok(())
}

/// The printed report of each kind of error of a probe, and its kind for callers.
#[netns_test]
fn each_error_is_a_sentence_with_its_remedy(net: Pair, mut lab: Lab) -> TestResult {
    let alone = lab.host("alone");
    lab.up()?;
    let (client, server) = (&net.client, &net.server);
    let ping = || client.ping(server);
    let soon = || Deadline::after(Duration::from_millis(50));
    let link_local = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 9);
    let nowhere = Ipv4Addr::new(203, 0, 113, 1);
    let endless = ping().interval(Duration::ZERO).start().map(drop);
    let table = [
        (
            client.ping(server.ipv4()).ipv6().run().map(drop),
            ErrorKind::InvalidArgument,
            "cannot probe over IPv6 with the address 198.18.0.2: the address is of the other family\n  \
             help: name an address of IPv6, or no family",
        ),
        (
            client.ping(&alone).run().map(drop),
            ErrorKind::NotFound,
            "cannot probe the host \"alone\" over IPv4: the host has no IPv4 address\n  \
             help: give the host such an address, or probe an address",
        ),
        (
            client.ping(Ipv4Addr::BROADCAST).run().map(drop),
            ErrorKind::InvalidArgument,
            "cannot probe 255.255.255.255: it is not the address of one host\n  help: probe each host by its own address",
        ),
        (
            client.trace(link_local).run().map(drop),
            ErrorKind::InvalidArgument,
            "cannot probe fe80::9 without a device: a link-local address is valid on one link only\n  \
             help: name the device of the link by the probe's `device`",
        ),
        (
            client.ping(nowhere).run().map(drop),
            ErrorKind::NotFound,
            "cannot send from \"client\" to 203.0.113.1: the host has no route to it\n  \
             help: add a route or a default gateway",
        ),
        (
            client.connect(server, Protocol::Tcp, 80).device("eth9").run().map(drop),
            ErrorKind::NotFound,
            "cannot send out of the device \"eth9\" of \"client\": the host has no such device\n  \
             help: `devices()` of the host lists the devices that it has",
        ),
        (
            client.echo(server, Protocol::Udp, 7).source(server.ipv4()).run(),
            ErrorKind::NotFound,
            "cannot send from the address 198.18.0.2 of \"client\": the host does not have this address\n  \
             help: add the address to a device first",
        ),
        (
            ping().count(0).run().map(drop),
            ErrorKind::InvalidArgument,
            "cannot probe with a count of 0: the range is 1 to 1000000",
        ),
        (
            endless,
            ErrorKind::InvalidArgument,
            "cannot ping with an interval of 0 and no count: the ping would keep a processor busy for ever\n  \
             help: give the ping a count or an interval",
        ),
        (
            ping().start()?.wait().map(drop),
            ErrorKind::InvalidArgument,
            "cannot wait for a ping without a count: it never ends\n  help: give the ping a count, or end it by `stop`",
        ),
        (
            client.path_mtu(server).timeout(Duration::ZERO).run().map(drop),
            ErrorKind::InvalidArgument,
            "cannot probe with a timeout of 0: no answer can arrive in time\n  help: the timeout must be greater than 0",
        ),
        (
            ping().count(2).interval(Duration::MAX).deadline(soon()).run().map(drop),
            ErrorKind::Timeout,
            "timed out at the deadline during the ping from \"client\" to 198.18.0.2: 1 sent, 1 received\n  \
             help: if answers were still arriving, set a longer deadline; else `trace` shows where the path ends",
        ),
        (
            client.ping(server.ipv4()).expect_unreachable().map(drop),
            ErrorKind::InvalidArgument,
            "cannot tell whether nothing answers the ping from \"client\" to 198.18.0.2: an address has no second port to \
             compare with\n  help: name a control by `expect_unreachable_with_control`",
        ),
        (
            matrix(std::slice::from_ref(client)).run().map(drop),
            ErrorKind::InvalidArgument,
            "cannot probe all pairs of 1 hosts: a pair has two\n  help: give the matrix two hosts or more",
        ),
    ];
    for (outcome, kind, report) in table {
        let error = outcome.unwrap_err();
        assert_eq!((error.kind(), format!("{error:?}").as_str()), (kind, report));
        assert!(error.downcast_ref::<ProbeError>().is_some(), "{error}");
    }

    // Those with evidence: the state of both ends follows.
    let mismatch = ping().expect_unreachable_with_control(server).unwrap_err();
    let refused = client.echo(server, Protocol::Tcp, 7).run().unwrap_err();
    server.set_sysctl("net.ipv4.icmp_echo_ignore_all", "1")?;
    let quick = || ping().count(1).timeout(SHORT);
    let control = quick().expect_unreachable_with_control(server).unwrap_err();
    for (error, sentence) in [
        (mismatch, "expected no answer to the ping from \"client\" to 198.18.0.2, found 3 sent, 3 received"),
        (
            refused,
            "no exchange over echo of TCP from \"client\" to 198.18.0.2 port 7: refused; start the server first, and wait for its port with \
             `ready_when`",
        ),
        (
            control,
            "cannot tell whether nothing answers the ping from \"client\" to 198.18.0.2: the control failed too: ping from \
             \"client\" to 198.18.0.2: 1 sent, 0 received, 1 lost; choose a control that works, or repair the network",
        ),
    ] {
        assert_eq!((error.kind(), format!("{error:#}").as_str()), (ErrorKind::Mismatch, sentence));
        let report = format!("{error:?}");
        for part in ["\"client\":\n", "\"server\":\n", "routes:\n", "neighbours:\n", "counters:\n"] {
            assert!(report.contains(part), "{part} in {report}");
        }
    }
    let down = quick().during(|| Ok::<_, Error>(())).unwrap_err();
    let sentence = format!(
        "cannot measure the outage of the ping from \"client\" to 198.18.0.2: nothing was answered in {:?} before \
         the change; the path must work before the change: repair it, or wait for it first",
        time_factor() * SHORT
    );
    assert_eq!((down.kind(), format!("{down:#}")), (ErrorKind::Mismatch, sentence));
    server.set_sysctl("net.ipv4.icmp_echo_ignore_all", "0")?;
    let change = || server.set_sysctl("net.ipv4.icmp_echo_ignore_all", "1");
    let gone = ping().count(2).interval(SHORT).timeout(SHORT).deadline(Deadline::after(4 * SHORT)).during(change)?;
    let gone = gone.expect_recovered().unwrap_err();
    let sentence = "expected the ping from \"client\" to 198.18.0.2 to recover after the change, found no answer to a later \
                    request: 2 sent, 1 received, 1 lost; if the network takes longer to recover, raise the `count` of the probe";
    assert_eq!((gone.kind(), format!("{gone:#}").as_str()), (ErrorKind::Mismatch, sentence));
    Ok(())
}

/// Addresses that a program gave the host, and hosts of one name in two labs.
#[netns_test]
fn a_probe_goes_to_the_address_that_the_host_has_now(mut lab: Lab) -> TestResult {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    lab.link(&a, &b).unnumbered();
    lab.up()?;
    let none = a.ping(&b).run().unwrap_err();
    assert!(matches!(none.downcast_ref(), Some(ProbeError::NoAddress { .. })), "{none}");
    let ip = |host: &Host, words: &str| -> TestResult {
        let mut ip = host.command("ip")?;
        ip.args(words.split(' ')).keep_capabilities([Capability::NET_ADMIN]).output()?.success()?;
        Ok(())
    };
    for (host, number) in [(&a, 1), (&b, 2)] {
        ip(host, &format!("address add 198.51.100.{number}/24 dev eth0"))?;
    }
    a.ping(&b).run()?.expect_all()?;
    a.arping(&b).run()?.expect_one()?;
    a.connectivity(&b, Protocol::Tcp).port(80).start()?.check()?;
    a.trace(&b).run()?.expect_reached()?;
    matrix(&[a.clone(), b.clone()]).run()?.expect_all()?;
    // A changed address is found too.
    ip(&b, "address del 198.51.100.2/24 dev eth0")?;
    ip(&b, "address add 198.51.100.3/24 dev eth0")?;
    let report = a.ping(&b).run()?;
    report.expect_all()?;
    let last = journal::entries().pop().map(|entry| entry.event.to_string()).unwrap_or_default();
    assert!(last.contains("to 198.51.100.3"), "{last}");
    Ok(())
}
