//! Pings, compared with what the kernel counts and with what the network really does.

#![forbid(unsafe_code)]

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::ControlFlow::{Break, Continue};
use std::time::{Duration, Instant};

use netns_fixtures::Error;
use netns_fixtures::net::address::IpNet;
use netns_fixtures::net::{LabError, Lan};
use netns_fixtures::prelude::*;
use netns_fixtures::probe::{Absence, Family, IcmpErrorKind, IcmpKind, ProbeError, Target, Unreachable};

const SHORT: Duration = Duration::from_millis(200);

/// What the kernel of a host has counted, from /proc/net/snmp.
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
            let ping = net.client.ping(&net.server).payload(bytes);
            let ping = if family == Family::V4 { ping.ipv4() } else { ping.ipv6() };
            ping.run()?.expect_all().map_err(|error| format!("{bytes} bytes: {error}"))?;
        }
    }
    Ok(())
}

#[netns_test]
fn flooding_goes_at_the_pace_of_the_answers(net: Pair) -> TestResult {
    let began = Instant::now();
    net.client.ping(&net.server).count(500).interval(Duration::ZERO).run()?.expect_all()?;
    // At ten milliseconds each they would take five seconds.
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    Ok(())
}

fn link_local(host: &Host) -> TestResult<Ipv6Addr> {
    let address = wait_until(Deadline::after(Duration::from_secs(10)), Duration::from_millis(1), || {
        let text = host.run(|| std::fs::read_to_string("/proc/thread-self/net/if_inet6"));
        let text = text.map_err(|error| error.to_string()).and_then(|text| text.map_err(|error| error.to_string()));
        let Ok(text) = text else { return Continue(text) };
        let line = text.lines().find(|line| line.starts_with("fe80") && line.ends_with("eth0"));
        line.map(|line| line[..32].to_owned()).map_or(Continue(Ok(text.clone())), Break)
    })?;
    Ok(Ipv6Addr::from_bits(u128::from_str_radix(&address, 16)?))
}

#[netns_test]
fn a_link_local_address_needs_its_device(net: Pair) -> TestResult {
    // The kernel gives these a moment after the link has its carrier.
    link_local(&net.client)?;
    let link_local = link_local(&net.server)?;
    net.client.ping(link_local).device("eth0").run()?.expect_all()?;
    let error = net.client.ping(link_local).run().unwrap_err();
    assert!(matches!(error, Error::Probe(ProbeError::NoScope { .. })), "{error}");
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
    // An error is no silence: the task is woken by it, not by its timeout.
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
    // Dropped while packets are under way, it does not wait for them.
    net.server.set_sysctl("net.ipv4.icmp_echo_ignore_all", "1")?;
    let began = Instant::now();
    drop(net.client.ping(&net.server).timeout(Duration::from_secs(20)).start()?);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    Ok(())
}

#[netns_test]
fn errors_come_with_their_sender_and_their_packet(net: Routed) -> TestResult {
    let router = net.router.device("eth0")?.addresses[0].addr();
    // Where the router knows no way.
    let nowhere = Ipv4Addr::new(203, 0, 113, 1);
    let report = net.client.ping(nowhere).count(2).run()?;
    let [first, second] = report.errors() else { return Err(format!("{:?}", report.errors()).into()) };
    assert_eq!((first.from, first.packet), (Some(router), 0));
    assert_eq!((second.from, second.packet), (Some(router), 1));
    assert_eq!(first.kind, IcmpErrorKind::Unreachable(Unreachable::Network));
    assert_eq!((report.statistics().sent, report.statistics().lost), (2, 2));
    // The control: what the kernel of the router says that it sent.
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
        // Larger than the first link: the host's own kernel says so.
        let report = ping(1500 - headers + 1).run()?;
        let [error] = report.errors() else { return Err(format!("{:?}", report.errors()).into()) };
        assert_eq!((error.kind, error.from), (IcmpErrorKind::PacketTooBig { mtu: 1500 }, None));
    }
    // The control: what may be fragmented arrives.
    a.ping(&b).payload(3000).run()?.expect_all()?;
    Ok(())
}

#[netns_test]
fn source_and_device_are_those_that_were_asked_for(net: Pair) -> TestResult {
    net.client.ping(&net.server).source(net.client.ipv4()).device("eth0").run()?.expect_all()?;
    net.client.ping(&net.server).source(net.client.ipv6()).run()?.expect_all()?;
    let foreign = net.client.ping(&net.server).source(net.server.ipv4()).run().unwrap_err();
    assert!(matches!(foreign, Error::Probe(ProbeError::SourceNotHere { .. })), "{foreign}");
    // Out of a device that does not lead there, nobody answers, though a route would.
    let report = net.client.ping(&net.server).device("lo").timeout(SHORT).run()?;
    assert_eq!(report.statistics().received, 0, "{}", report.statistics());
    Ok(())
}

#[netns_test]
fn what_cannot_be_sent_is_told_before_it_is_tried(net: Pair, mut lab: Lab) -> TestResult {
    fn told<T: std::fmt::Debug>(answer: Result<T, Error>) -> ProbeError {
        match answer.unwrap_err() {
            Error::Probe(error) => error,
            error => panic!("{error}"),
        }
    }
    let ping = |to: Target| net.client.ping(to);
    let server = || Target::from(&net.server);
    let alone = lab.host("alone");
    lab.up()?;
    assert!(matches!(told(ping(net.server.ipv4().into()).ipv6().run()), ProbeError::FamilyMismatch { .. }));
    assert!(matches!(
        told(ping(net.server.ipv6().into()).source(net.client.ipv4()).run()),
        ProbeError::FamilyMismatch { .. }
    ));
    assert!(matches!(told(ping((&alone).into()).run()), ProbeError::NoAddress { .. }));
    assert!(matches!(told(alone.ping(&net.server).run()), ProbeError::NoRoute { .. }));
    assert!(matches!(told(alone.ping(&net.server).ipv6().run()), ProbeError::NoRoute { .. }));
    assert!(matches!(told(ping(server()).device("eth9").run()), ProbeError::NoSuchDevice { .. }));
    assert!(matches!(told(ping(server()).count(0).run()), ProbeError::NoPackets));
    assert!(matches!(told(ping(server()).count(1_000_001).run()), ProbeError::TooManyPackets { .. }));
    assert!(matches!(told(ping(server()).interval(Duration::ZERO).start()), ProbeError::Endless));
    assert!(matches!(told(ping(server()).start()?.wait()), ProbeError::NoEnd));
    assert!(matches!(told(ping(server()).timeout(Duration::ZERO).run()), ProbeError::NoTimeout));
    assert!(matches!(told(ping(server()).payload(65_508).run()), ProbeError::PayloadTooLarge { most: 65_507, .. }));
    assert!(matches!(
        told(ping(server()).ipv6().payload(65_528).run()),
        ProbeError::PayloadTooLarge { most: 65_527, .. }
    ));
    assert!(matches!(told(ping(server()).time_to_live(0).run()), ProbeError::OutOfRange { .. }));
    for nobody in [Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST, Ipv4Addr::new(224, 0, 0, 1)] {
        assert!(matches!(told(ping(nobody.into()).run()), ProbeError::NotOneHost { .. }), "{nobody}");
    }
    // The longest times are no mistake: the deadline comes first.
    ping(server()).count(1).timeout(Duration::MAX).interval(Duration::MAX).run()?.expect_all()?;
    let soon = Deadline::after(Duration::from_millis(50));
    let endless = ping(server()).count(2).interval(Duration::MAX).timeout(Duration::MAX).deadline(soon).run();
    assert!(matches!(told(endless), ProbeError::DeadlineFirst { .. }));
    let soon = Deadline::after(Duration::from_millis(50));
    let error = told(ping(server()).count(1000).deadline(soon).run());
    assert!(matches!(&error, ProbeError::DeadlineFirst { so_far, .. } if so_far.contains("sent")), "{error}");

    let host = alone.clone();
    drop(lab);
    let error = host.ping(Ipv4Addr::LOCALHOST).run().unwrap_err();
    assert!(matches!(error, Error::Lab(LabError::Gone { .. })), "{error}");
    Ok(())
}

#[netns_test]
fn the_error_of_a_failed_assertion_shows_both_ends(net: Pair) -> TestResult {
    net.server.set_sysctl("net.ipv4.icmp_echo_ignore_all", "1")?;
    let error = net.client.ping(&net.server).count(2).timeout(SHORT).expect_reachable().unwrap_err().to_string();
    for part in [
        "2 sent, 0 received, 2 lost".to_owned(),
        "\"client\":".to_owned(),
        "\"server\":".to_owned(),
        "eth0: ".to_owned(),
        format!("{} is at {} behind eth0", net.server.ipv4(), net.server.mac("eth0")?),
        "/24 out of eth0".to_owned(),
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

/// A router that passes a packet on and names a nearer one has not lost it.
#[netns_test]
fn a_redirect_is_no_end_of_a_packet(lan: Lan<3>) -> TestResult {
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

/// The control goes by the way that the ping goes: by another link or family it would prove nothing.
#[netns_test]
fn the_control_of_an_absence_takes_the_same_way(mut lab: Lab, lan: Lan<3>) -> TestResult {
    let short = Duration::from_millis(200);
    let is_failed = |answer: Result<_, Error>| matches!(answer, Err(Error::Probe(ProbeError::ControlFailed { .. })));
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    for _ in 0..2 {
        lab.link(&a, &b);
    }
    lab.up()?;
    b.set_sysctl("net.ipv4.icmp_echo_ignore_all", "1")?;
    a.ping(&b).timeout(short).expect_unreachable()?.because(Absence::Silence)?;
    b.set_down("eth1")?;
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
fn no_way_at_all_is_told_before_a_change(net: Pair) {
    let nowhere = net.client.ping(Ipv4Addr::new(203, 0, 113, 1)).during(|| ()).unwrap_err();
    assert!(matches!(nowhere, Error::Probe(ProbeError::NoRoute { .. })), "{nowhere}");
}
