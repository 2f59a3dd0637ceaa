//! Packets that a relay sends late, because the machine was too busy.

use std::io::IoSliceMut;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use netns_fixtures::journal;
use netns_fixtures::net::Host;
use netns_fixtures::net::condition::Condition;
use netns_fixtures::prelude::*;
use netns_fixtures::requirements::require_program;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;

const MILLISECOND: Duration = Duration::from_millis(1);

/// Stops a process for three tenths of a second, as a machine does that is too busy.
const STOP: &str = "
import os, signal, sys, time
pid = int(sys.argv[1])
os.kill(pid, signal.SIGSTOP)
time.sleep(0.3)
os.kill(pid, signal.SIGCONT)
";

/// Stops this process, one of whose threads is the relay, while datagrams are on their way.
fn stop_during_traffic(from: &Host, to: &Host) -> TestResult {
    require_program("python3")?;
    let (sender, _receiver) = (from.udp_socket(0)?, to.udp_socket(9)?);
    let address = SocketAddr::new(to.addr(), 9);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // A busy machine may start the program after seconds.
        let traffic = scope.spawn(|| -> std::io::Result<()> {
            while !is_over.load(Relaxed) {
                sender.send_to(&[0; 100], address)?;
                // The pace of the traffic: a stop of more than 10 ms meets a datagram.
                std::thread::sleep(10 * MILLISECOND);
            }
            Ok(())
        });
        let stopped = || -> TestResult {
            let mut python = to.command("python3")?;
            python.args(["-c", STOP, &std::process::id().to_string()]).output()?.success()?;
            Ok(())
        };
        let stopped = stopped();
        is_over.store(true, Relaxed);
        traffic.join().map_err(|_| "the traffic panicked")??;
        stopped
    })?;
    // It arrives after those that were late.
    from.ping(to).count(1).timeout(Duration::from_secs(3)).run()?.expect_all()?;
    Ok(())
}

/// Returns how many entries of the journal contain this text.
fn entries_with(text: &str) -> usize {
    journal::entries().iter().filter(|entry| entry.to_string().contains(text)).count()
}

/// Row 1: packets that leave late are an error where the test measures.
#[netns_test(requires(conditions))]
fn packets_that_leave_late_are_reported(mut lab: Lab) -> TestResult {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    lab.link(&a, &b).condition(Condition::new());
    lab.up()?;
    a.ping(&b).count(1).run()?.expect_all()?;
    let link = lab.link_between(&a, &b)?;
    link.expect_punctual(Duration::from_secs(3600))?;
    link.set_condition_from(&a, &Condition::new().latency(40 * MILLISECOND))?;
    stop_during_traffic(&a, &b)?;
    let statistics = link.statistics_from(&a)?;
    assert!(statistics.late > Some(0) && statistics.latest > Some(200 * MILLISECOND), "{statistics}");
    assert_eq!(entries_with("observed the relay of a-b, a to b: a packet left"), 1, "the first late packet");
    let refused = format!("{:#}", link.expect_punctual(100 * MILLISECOND).expect_err("late packets"));
    assert!(refused.contains("\"a-b\" sent packets from \"a\" to \"b\" up to"), "{refused}");
    assert!(refused.contains("the test allows 100ms"), "{refused}");
    Ok(())
}

/// Sends datagrams at once. Returns a time when the first one had been sent, and when each one arrived, by the clock of the kernel.
fn burst(from: &Host, to: &Host, count: usize) -> TestResult<(Duration, Vec<Duration>)> {
    let (sender, receiver) = (from.udp_socket(0)?, to.udp_socket(9)?);
    setsockopt(&receiver, sockopt::ReceiveTimestampns, &true)?;
    receiver.set_read_timeout(Some(Duration::from_secs(3)))?;
    sender.send_to(&[0; 100], (to.addr(), 9))?;
    let sent = SystemTime::now().duration_since(UNIX_EPOCH)?;
    for _ in 1..count {
        sender.send_to(&[0; 100], (to.addr(), 9))?;
    }
    let mut arrivals = Vec::new();
    for _ in 0..count {
        let mut buffer = [0; 100];
        let (mut parts, mut control) = ([IoSliceMut::new(&mut buffer)], nix::cmsg_space!(TimeSpec));
        let message = recvmsg::<()>(receiver.as_raw_fd(), &mut parts, Some(&mut control), MsgFlags::empty())?;
        arrivals.extend(message.cmsgs()?.find_map(|message| match message {
            ControlMessageOwned::ScmTimestampns(at) => Some(Duration::from(at)),
            _ => None,
        }));
    }
    Ok((sent, arrivals))
}

/// Row 1: the last of many packets that are due at once is as late as it was sent.
///
/// Many packets are due at once, and each takes its time to be sent.
#[netns_test(requires(conditions))]
fn the_last_of_many_packets_that_are_due_at_once_counts(mut lab: Lab) -> TestResult {
    const SLOT: Duration = Duration::from_millis(300);
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    lab.link(&a, &b).condition(Condition::new());
    lab.up()?;
    a.ping(&b).count(1).run()?.expect_all()?;
    let link = lab.link_between(&a, &b)?;
    link.set_condition_from(&a, &Condition::new().slots(SLOT, SLOT))?;
    let (sent, arrivals) = burst(&a, &b, 250)?;
    // The first one opens the slot of all. Where an earlier packet has opened one, the last ones may leave in the next slot.
    let slot = arrivals.chunk_by(|one, next| next.saturating_sub(*one) < SLOT / 3).next().ok_or("arrivals")?;
    let late_by = slot.last().ok_or("arrivals")?.saturating_sub(sent + SLOT);
    let latest = link.statistics_from(&a)?.latest.ok_or("the relay counts it")?;
    assert!(
        latest >= late_by,
        "the last packet of the slot left {late_by:?} after its time, and the relay counted {latest:?}"
    );
    Ok(())
}

/// Row 56: a link is named by its hosts after it is plugged in elsewhere.
///
/// Entries and errors name the host at which an end of the link is now.
#[netns_test(requires(conditions))]
fn a_link_is_named_by_its_hosts_after_it_is_plugged_in_elsewhere(mut lab: Lab) -> TestResult {
    let [phone, server] = ["phone", "server"].map(|name| lab.host(name));
    let [house, street] = ["house", "street"].map(|name| lab.switch(name));
    lab.link(&phone, &house).condition(Condition::new().latency(40 * MILLISECOND));
    lab.link(&house, &street);
    lab.link(&server, &street);
    lab.up()?;
    let link = lab.link_between(&phone, &house)?;
    // Behind what the phone sends by itself when its device comes up: a packet on its way while the link moves may leave late.
    phone.ping(&server).count(1).run()?.expect_all()?;
    // On a busy machine the first late packet may have left already; only the first one has an entry.
    let before = entries_with("phone to house: a packet left");
    lab.replug(&link, &house, &street)?;
    phone.ping(&server).count(20).timeout(Duration::from_secs(1)).run()?.expect_any()?;
    stop_during_traffic(&phone, &server)?;
    let later = entries_with("observed the relay of phone-house, phone to street: a packet left");
    // Between the count and the change a packet of the old place may have been the first one.
    let earlier = entries_with("phone to house: a packet left");
    assert!(later + earlier == 1 && earlier >= before, "{later} entries name the street, {earlier} the house");
    Ok(())
}
