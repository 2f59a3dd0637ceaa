//! Pings over networks that lose, duplicate, reorder, change and forge packets, compared with the original ping.

#![forbid(unsafe_code)]

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::thread;
use std::time::Duration;

use netns_fixtures::Error;
use netns_fixtures::prelude::*;
use netns_fixtures::probe::{IcmpKind, Ping, PingReport, PingStatistics, ProbeError};
use netns_fixtures::process::Capability;
use netns_fixtures::requirements::require_program;
use netns_tests::frame::{icmp, is_echo_request, reply, seal, seal_ip, source};
use netns_tests::nft::nft;
use netns_tests::time_factor;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CpuSet, sched_getcpu, sched_setaffinity};
use nix::unistd::Pid;

const SHORT: Duration = Duration::from_millis(300);

/// Drops echo requests at the host's device that match `which`.
fn lose(host: &Host, which: &str) -> TestResult {
    nft(host, "add table netdev loss")?;
    nft(host, "add chain netdev loss in { type filter hook ingress device \"eth0\" priority 0; }")?;
    nft(host, &format!("add rule netdev loss in icmp type echo-request {which} counter drop"))?;
    Ok(())
}

/// Returns the kernel's count of dropped packets.
fn dropped(host: &Host) -> TestResult<u64> {
    let rules = nft(host, "list ruleset")?;
    let number = rules.split("counter packets ").nth(1).and_then(|rest| rest.split(' ').next()).ok_or("no counter")?;
    Ok(number.parse()?)
}

#[netns_test]
fn the_counted_loss_is_the_loss_of_the_network(net: Pair) -> TestResult {
    lose(&net.server, "numgen random mod 100 < 10")?;
    let ping = net.client.ping(&net.server).count(2000).interval(Duration::from_micros(500)).timeout(SHORT);
    let report = ping.run()?;
    let PingStatistics { sent, received, lost, .. } = report.statistics();
    assert_eq!((sent, received + lost), (2000, 2000));
    assert_eq!(lost, dropped(&net.server)?, "what is lost is what was dropped");
    // Five standard deviations of a binomial distribution, 13.4 each: by chance, it fails once in a million runs.
    assert!((133..=267).contains(&lost), "{lost}");
    assert!((report.loss() - f64::from(u32::try_from(lost)?) / 2000.0).abs() < 1e-9);
    let outages = report.outages();
    assert_eq!(outages.iter().map(|outage| outage.packets).sum::<u64>(), lost);
    // The control: without the rule nothing is lost.
    nft(&net.server, "flush ruleset")?;
    net.client.ping(&net.server).count(200).interval(Duration::from_micros(500)).run()?.expect_all()?;
    Ok(())
}

#[netns_test]
fn ping_finds_the_same_loss(net: Pair) -> TestResult {
    require_program("ping")?;
    lose(&net.server, "numgen inc mod 4 == 0")?;
    let report = net.client.ping(&net.server).count(40).timeout(SHORT).run()?;
    assert_eq!((report.statistics().received, report.statistics().lost), (30, 10));
    let mut original = net.client.command("ping")?;
    // The file of ping has a capability. Without it the file does not execute where the test's root is the machine's root.
    original
        .keep_capabilities([Capability::NET_RAW])
        .args(["-q", "-n", "-i", "0.01", "-W", "1", "-c", "40"])
        .operand(net.server.ipv4().to_string());
    let text = original.output()?.stdout.text().into_owned();
    assert!(text.contains("40 packets transmitted, 30 received, 25% packet loss"), "{text}");
    assert_eq!(dropped(&net.server)?, 20);
    Ok(())
}

/// The policy of a relay between two networks for frames to the server: it takes a frame and returns the frames to forward.
type Policy<'a> = Box<dyn FnMut(Vec<u8>) -> Vec<Vec<u8>> + Send + 'a>;

/// Runs `probe` while this thread's relay, and not the router's kernel, carries the frames.
fn relayed(
    net: &Routed,
    mut policy: Policy<'_>,
    probe: impl FnOnce() -> TestResult<PingReport>,
) -> TestResult<PingReport> {
    net.router.set_sysctl("net.ipv4.ip_forward", "0")?;
    let (client, server) = (net.client.mac("eth0")?.0, net.server.mac("eth0")?.0);
    let (towards_client, towards_server) = (net.router.mac("eth0")?.0, net.router.mac("eth1")?.0);
    // The router's kernel resolves both hosts, so that their kernels know the router.
    net.client.ping(net.router.device("eth0")?.addresses[0].addr()).run()?.expect_all()?;
    net.server.ping(net.router.device("eth1")?.addresses[0].addr()).run()?.expect_all()?;
    // From here on; earlier frames are not relayed.
    let [inner, outer] = [net.router.packet_socket("eth0")?, net.router.packet_socket("eth1")?];
    let (stop, told) = io::pipe()?;
    thread::scope(|scope| {
        let relay = scope.spawn(move || -> io::Result<()> {
            let mut frame = vec![0; 2048];
            loop {
                let mut watched =
                    [stop.as_fd(), inner.as_fd(), outer.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
                poll(&mut watched, PollTimeout::NONE)?;
                let [is_told, from_client, from_server] = watched.map(|fd| fd.any().unwrap_or(false));
                if is_told {
                    return Ok(());
                }
                if from_client {
                    let length = nix::unistd::read(&inner, &mut frame)?;
                    // Frames of the client, and not those of the relay itself.
                    if frame[6..12] == client && frame[12..14] == [8, 0] {
                        for mut frame in policy(frame[..length].to_vec()) {
                            frame[..6].copy_from_slice(&server);
                            frame[6..12].copy_from_slice(&towards_server);
                            nix::unistd::write(&outer, &frame)?;
                        }
                    }
                }
                if from_server {
                    let length = nix::unistd::read(&outer, &mut frame)?;
                    if frame[6..12] == server && frame[12..14] == [8, 0] {
                        frame[..6].copy_from_slice(&client);
                        frame[6..12].copy_from_slice(&towards_client);
                        nix::unistd::write(&inner, &frame[..length])?;
                    }
                }
            }
        });
        let report = probe();
        drop(told);
        relay.join().map_err(|_| "the relay panicked")??;
        report
    })
}

#[netns_test]
fn duplicates_and_reordering_of_a_relay_are_counted(net: Routed) -> TestResult {
    // The kernel has one receive queue a processor, and packets of two queues overtake each other if one is delayed.
    let mut one_processor = CpuSet::new();
    one_processor.set(sched_getcpu()?)?;
    sched_setaffinity(Pid::from_raw(0), &one_processor)?;
    let ping = || net.client.ping(&net.server).count(20).interval(Duration::from_millis(5)).timeout(SHORT);
    let report = relayed(&net, Box::new(|frame| vec![frame]), || Ok(ping().run()?))?;
    report.expect_all()?;

    let report = relayed(&net, Box::new(|frame| vec![frame.clone(), frame]), || Ok(ping().run()?))?;
    let found = report.statistics();
    // The second reply to the last request may arrive after the end.
    assert!((19..=20).contains(&found.duplicates), "{found}");
    assert_eq!((found.received, found.reordered, found.lost), (20, 0, 0), "{found}");
    assert!(report.expect_all().is_err(), "doubled packets are not what was asked for");

    // Every second frame waits for the next one.
    let mut held = None;
    let swap = Box::new(move |frame| match held.take() {
        None => {
            held = Some(frame);
            Vec::new()
        }
        Some(earlier) => vec![frame, earlier],
    });
    let found = relayed(&net, swap, || Ok(ping().run()?))?.statistics();
    assert_eq!((found.received, found.reordered, found.duplicates), (20, 10, 0), "{found}");

    // Held for longer than the timeout of a reply: lost, and late.
    let mut frames = Vec::new();
    let late = Box::new(move |frame| {
        frames.push(frame);
        if frames.len() == 20 { std::mem::take(&mut frames) } else { Vec::new() }
    });
    let slow = ping().interval(time_factor() * Duration::from_millis(5)).timeout(Duration::from_millis(50));
    let found = relayed(&net, late, || Ok(slow.run()?))?.statistics();
    assert!(found.late >= 5 && found.lost >= 5 && found.received + found.lost == 20, "{found}");
    Ok(())
}

/// Pings a server whose kernel is silent; the server replies to each of `count` requests with the frames that `answers` returns.
fn answered_by(
    net: &Pair,
    ping: Ping,
    count: u64,
    answers: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send,
) -> TestResult<PingStatistics> {
    let ping = ping.count(count).timeout(SHORT);
    while_answered(net, count, answers, || Ok(ping.run()?.statistics()))
}

/// Does the same for any probe of `count` requests.
fn while_answered<R>(
    net: &Pair,
    count: u64,
    answers: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send,
    probe: impl FnOnce() -> TestResult<R>,
) -> TestResult<R> {
    for silent in ["net.ipv4.icmp_echo_ignore_all", "net.ipv6.icmp.echo_ignore_all"] {
        net.server.set_sysctl(silent, "1")?;
    }
    let liar: OwnedFd = net.server.packet_socket("eth0")?;
    let client = net.client.mac("eth0")?.0;
    thread::scope(|scope| {
        let answering = scope.spawn(move || -> io::Result<()> {
            let mut buffer = vec![0; 2048];
            let mut asked = 0;
            while asked < count {
                let length = nix::unistd::read(&liar, &mut buffer)?;
                if buffer[6..12] == client && is_echo_request(&buffer[..length]) {
                    asked += 1;
                    for frame in answers(&buffer[..length]) {
                        nix::unistd::write(&liar, &frame)?;
                    }
                }
            }
            Ok(())
        });
        let found = probe();
        answering.join().map_err(|_| "the liar panicked")??;
        found
    })
}

/// Changes a reply.
type Forge = dyn Fn(&mut Vec<u8>) + Send + Sync;

/// An invalid reply, and the counter that it must increase.
struct Forgery {
    what: &'static str,
    forge: Box<Forge>,
    count: fn(&PingStatistics) -> u64,
}

fn forgery(
    what: &'static str,
    forge: impl Fn(&mut Vec<u8>) + Send + Sync + 'static,
    count: fn(&PingStatistics) -> u64,
) -> Forgery {
    Forgery { what, forge: Box::new(forge), count }
}

fn forgeries() -> Vec<Forgery> {
    vec![
        forgery(
            "another sender",
            |frame| {
                let last = source(frame).len() - 1;
                source(frame)[last] ^= 0x80;
                seal(frame);
            },
            |found| found.spoofed,
        ),
        forgery(
            "a guessed mark",
            |frame| {
                let message = icmp(frame);
                frame[message + 8..message + 16].fill(7);
                seal(frame);
            },
            |found| found.spoofed,
        ),
        forgery(
            "a request that was not sent",
            |frame| {
                let message = icmp(frame);
                frame[message + 6] ^= 0x40;
                seal(frame);
            },
            |found| found.unsolicited,
        ),
        forgery(
            "cut content",
            |frame| {
                frame.truncate(frame.len() - 8);
                seal(frame);
            },
            |found| found.truncated,
        ),
        forgery(
            "changed content",
            |frame| {
                *frame.last_mut().expect("a frame") ^= 1;
                seal(frame);
            },
            |found| found.corrupted,
        ),
        forgery(
            "a tail",
            |frame| {
                frame.push(0);
                seal(frame);
            },
            |found| found.corrupted,
        ),
        forgery(
            "a code",
            |frame| {
                let message = icmp(frame);
                frame[message + 1] = 1;
                seal(frame);
            },
            |found| found.malformed,
        ),
    ]
}

#[netns_test]
fn forged_replies_are_counted_and_never_matched(net: Pair) -> TestResult {
    let forgeries = forgeries();
    let ping = |kind| net.client.ping(&net.server).socket(kind);
    let ways =
        [ping(IcmpKind::Datagram), ping(IcmpKind::Raw), ping(IcmpKind::Datagram).ipv6(), ping(IcmpKind::Raw).ipv6()];
    for way in &ways {
        for Forgery { what, forge, count } in &forgeries {
            let found = answered_by(&net, way.clone(), 2, |request| vec![reply(request, forge)])?;
            assert_eq!((found.sent, found.received, found.lost, found.duplicates), (2, 0, 2, 0), "{what}: {found}");
            assert_eq!(count(&found), 2, "{what} by {way:?}: {found}");
            // If the true reply follows, it answers the request.
            let both = |request: &[u8]| vec![reply(request, forge), reply(request, |_| ())];
            let found = answered_by(&net, way.clone(), 2, both)?;
            assert_eq!((found.received, count(&found), found.lost, found.duplicates), (2, 2, 0, 0), "{what}: {found}");
        }
    }
    Ok(())
}

/// Another host's reply does not count, and shows that the request arrived: no firewall dropped it.
#[netns_test]
fn a_reply_of_somebody_else_is_not_absence(net: Pair) -> TestResult {
    let elsewhere = |frame: &mut Vec<u8>| {
        let last = source(frame).len() - 1;
        source(frame)[last] ^= 0x80;
        seal(frame);
    };
    let heard = while_answered(
        &net,
        3,
        |request| vec![reply(request, elsewhere)],
        || {
            let ping = net.client.ping(&net.server).count(3).timeout(SHORT);
            Ok(ping.expect_unreachable().map(|absent| absent.how()).map_err(|error| format!("{error:#}")))
        },
    )?;
    assert!(heard.as_ref().is_err_and(|error| error.contains("3 spoofed")), "{heard:?}");
    Ok(())
}

/// A raw socket counts replies that the kernel drops before a datagram socket.
#[netns_test]
fn broken_replies_are_counted_by_a_raw_socket(net: Pair) -> TestResult {
    let wrong_sum = |frame: &mut Vec<u8>| {
        let message = icmp(frame);
        frame[message + 2] ^= 0xff;
    };
    let cut = |frame: &mut Vec<u8>| {
        frame.truncate(icmp(frame) + 5);
        seal_ip(frame);
    };
    let both = |request: &[u8]| vec![reply(request, wrong_sum), reply(request, cut), reply(request, |_| ())];
    let found = answered_by(&net, net.client.ping(&net.server).socket(IcmpKind::Raw), 3, both)?;
    // The kernel also hides a message without a complete header from raw sockets; source: net/ipv4/raw.c, `icmp_filter`.
    assert_eq!((found.received, found.malformed), (3, 3), "{found}");
    let found = answered_by(&net, net.client.ping(&net.server).socket(IcmpKind::Datagram), 3, both)?;
    assert_eq!((found.received, found.malformed), (3, 0), "{found}");
    // Another probe's identifier is another probe's reply.
    let foreign = |frame: &mut Vec<u8>| {
        let message = icmp(frame);
        frame[message + 4] ^= 0x55;
        seal(frame);
    };
    let found = answered_by(&net, net.client.ping(&net.server).socket(IcmpKind::Raw), 2, |request| {
        vec![reply(request, foreign)]
    })?;
    assert_eq!((found.received, found.lost, found.unsolicited + found.spoofed), (0, 2, 0), "{found}");
    Ok(())
}

#[netns_test]
fn an_outage_is_measured_in_time_and_packets(net: Pair) -> TestResult {
    let ping = net.client.ping(&net.server).interval(Duration::from_millis(1)).timeout(SHORT);
    let outage = Duration::from_millis(150);
    let change = ping.during(|| -> TestResult {
        let answers = "net.ipv4.icmp_echo_ignore_all";
        net.server.set_sysctl(answers, "1")?;
        let began = std::time::Instant::now();
        // An outage of known length, which the probe must find.
        let (silence, _writer) = io::pipe()?;
        let mut never = [PollFd::new(silence.as_fd(), PollFlags::POLLIN)];
        while began.elapsed() < outage {
            poll(&mut never, PollTimeout::from(10_u8))?;
        }
        net.server.set_sysctl(answers, "0")?;
        Ok(())
    })?;
    change.expect_recovered()?;
    let longest = change.report.longest_outage().ok_or("no outage")?;
    assert!(longest.lasting >= outage, "{longest:?}");
    assert!(longest.packets >= 10 && longest.packets <= change.report.statistics().lost, "{longest:?}");
    // The control: a change without an effect causes no outage.
    let nothing = ping.during(|| Ok::<_, Error>(()))?;
    nothing.expect_recovered()?;
    assert_eq!(nothing.report.longest_outage(), None);
    // A path that never recovers is an error, and so is one that did not work before.
    let soon = ping.clone().deadline(Deadline::after(Duration::from_secs(1)));
    let gone = soon.during(|| net.server.set_sysctl("net.ipv4.icmp_echo_ignore_all", "1"))?;
    let lost = gone.expect_recovered().unwrap_err();
    assert!(matches!(lost.downcast_ref(), Some(ProbeError::NotRecovered { .. })), "{lost}");
    let down = ping.during(|| Ok::<_, Error>(())).unwrap_err();
    assert!(matches!(down.downcast_ref(), Some(ProbeError::NotUpBefore { .. })), "{down}");
    Ok(())
}
