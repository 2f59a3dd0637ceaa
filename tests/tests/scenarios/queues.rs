//! The queue in front of the rate of a link: its length, ECN, active management, and changes.

use std::path::Path;
use std::time::{Duration, Instant};

use netns_fixtures::net::condition::{ActiveQueue, Backend, Condition, Loss, Queue, Rate, Traffic};
use netns_fixtures::net::{Host, LinkHandle};
use netns_fixtures::prelude::*;

use crate::link_conditions::{MILLISECOND, median, two};
use crate::measured::undisturbed;
use crate::traffic::{datagrams, transfer};

/// Row 6: queue depth.
#[netns_test(requires(conditions))]
fn a_full_queue_delays_by_its_length_and_then_loses(mut lab: Lab) -> TestResult {
    // A packet takes some 80 ms: the queue is full also where the sender is slow.
    let condition = Condition::new().rate(Rate::kilobits(100)).queue(Queue::Time(1000 * MILLISECOND));
    let (a, b, link) = two(&mut lab, &condition)?;
    // Forty times the capacity of the link.
    let arrivals = datagrams(&a, &b, 400, 1000, 2 * MILLISECOND, 1000 * MILLISECOND)?;
    // The last ones waited in a full queue.
    let delay = median(arrivals[arrivals.len() - 8..].iter().map(|arrival| arrival.delay))?;
    assert!(delay > 800 * MILLISECOND && delay < 1200 * MILLISECOND, "{delay:?}");
    let statistics = link.statistics_from(&a)?;
    assert!(statistics.dropped > 200 && statistics.lost == 0, "{statistics}");
    Ok(())
}

/// Row 6: a queue without room for a packet of its link.
#[netns_test(requires(conditions))]
fn a_queue_without_room_for_a_packet_of_the_link_is_refused(mut lab: Lab) -> TestResult {
    let [a, b, c] = ["a", "b", "c"].map(|name| lab.host(name));
    let short = Condition::new().rate(Rate::megabits(8)).queue(Queue::Bytes(2000));
    lab.link(&a, &b).condition(Condition::new()).mtu(9000);
    lab.link(&a, &c).condition(short.clone());
    lab.up()?;
    let refused = format!("{:#}", lab.link_between(&a, &b)?.set_condition(&short).expect_err("refused"));
    assert!(refused.contains("a-b") && refused.contains("2000 bytes; the least is 9014 bytes"), "{refused}");
    lab.link_between(&a, &c)?.set_condition(&short)?;
    Ok(())
}

/// Row 8: a change serves the queue again.
///
/// Packets in the queue leave by the new rate, and those that exceed the new queue are dropped.
#[netns_test(requires(conditions))]
fn a_change_serves_the_queue_again(mut lab: Lab) -> TestResult {
    let slow = Condition::new().rate(Rate::kilobits(100));
    let (a, b, link) = two(&mut lab, &Condition::new())?;
    a.ping(&b).count(1).run()?.expect_all()?;
    let (sender, receiver) = (a.udp_socket(0)?, b.udp_socket(5000)?);
    receiver.set_read_timeout(Some(1000 * MILLISECOND))?;
    let queue_forty = || -> TestResult {
        // Each takes some 80 ms.
        link.set_condition_from(&a, &slow.clone().queue(Queue::Time(5000 * MILLISECOND)))?;
        (0..40).try_for_each(|number: u8| sender.send_to(&[number; 1000], (b.addr(), 5000)).map(drop))?;
        Ok(())
    };
    let arrived = || -> Vec<u8> {
        let mut buffer = [0; 1000];
        std::iter::from_fn(|| receiver.recv(&mut buffer).ok().map(|_| buffer[0])).collect()
    };
    queue_forty()?;
    link.set_condition_from(&a, &Condition::new())?;
    let start = Instant::now();
    let numbers: Vec<u8> = arrived();
    let took = start.elapsed();
    // With the second in which nothing more arrives; the old rate takes 3.2 seconds.
    assert!(took < 3000 * MILLISECOND, "they left by the old rate: {took:?}");
    assert!(numbers.into_iter().eq(0..40), "in order");
    let start = Instant::now();
    queue_forty()?;
    let before = link.statistics_from(&a)?.dropped;
    link.set_condition_from(&a, &slow.queue(Queue::Bytes(3200)))?;
    // Some left before the change.
    let before_it = usize::try_from(start.elapsed().as_millis() / 80)? + 2;
    let (numbers, dropped) = (arrived(), link.statistics_from(&a)?.dropped - before);
    assert!(
        numbers.len() <= 5 + before_it && u64::try_from(numbers.len())? + dropped >= 40,
        "{numbers:?}, {dropped} dropped"
    );
    Ok(())
}

/// Rows 5, 8: changes in a loop do not raise the rate.
///
/// A test that changes the loss in a loop still has its rate, also where it cuts the link.
#[netns_test(requires(conditions), deadline = "60s")]
fn changes_in_a_loop_do_not_raise_the_rate(mut lab: Lab) -> TestResult {
    let condition = Condition::new().rate(Rate::megabits(1));
    let (a, b, link) = two(&mut lab, &condition)?;
    a.ping(&b).count(1).run()?.expect_all()?;
    let bytes_per_second = |changes: &dyn Fn() -> TestResult| -> TestResult<f64> {
        std::thread::scope(|scope| {
            // Four megabits a second for two seconds.
            let sender = scope.spawn(|| {
                datagrams(&a, &b, 1000, 950, 2 * MILLISECOND, 300 * MILLISECOND).map_err(|error| format!("{error:#}"))
            });
            while !sender.is_finished() {
                changes()?;
                // The pace of the changes: fifty a second.
                std::thread::sleep(20 * MILLISECOND);
            }
            let arrivals = sender.join().map_err(|_| "the sender panicked")??;
            let times: Vec<_> = arrivals.iter().map(|arrival| arrival.sent + arrival.delay).collect();
            // From the departure on: a receiver that the machine runs late does not make the link look faster.
            let took = times[times.len() - 1].saturating_sub(arrivals[0].sent);
            Ok(f64::from(u32::try_from(times.len())?) * 1000.0 / took.as_secs_f64())
        })
    };
    let control = bytes_per_second(&|| Ok(()))?;
    let change = || -> TestResult {
        link.set_condition_from(&a, &condition.clone().loss(Loss::percent(0.0)))?;
        link.set_condition_from(&a, &condition)?;
        Ok(())
    };
    let changed = bytes_per_second(&change)?;
    let flap = || -> TestResult {
        link.cut_from(&a)?;
        link.restore()?;
        Ok(())
    };
    let flapped = bytes_per_second(&flap)?;
    eprintln!("{control:.0} bytes a second, {changed:.0} with changes, {flapped:.0} with cuts");
    // A full link: 1,000 bytes and at most 12 of headers more, for each packet.
    for rate in [control, changed, flapped] {
        assert!(rate < 131_000.0, "{rate} bytes a second by a link of 125,000");
    }
    assert!(changed > 60_000.0, "the control: {changed} bytes a second");
    Ok(())
}

/// Returns two hosts with a link without impairments, by this backend.
fn by(lab: &mut Lab, backend: Backend) -> TestResult<(Host, Host, LinkHandle)> {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    lab.link(&a, &b).condition(Condition::new()).backend(backend);
    lab.up()?;
    let link = lab.link_between(&a, &b)?;
    Ok((a, b, link))
}

/// Row 16: ECN marks in place of losses.
///
/// With ECN a sender slows down before the queue is full, and no packet is lost. Source of the counter: proc_net_snmp(5), RFC 3168.
#[netns_test(requires(conditions), deadline = "60s")]
fn a_queue_marks_packets_of_senders_with_ecn(mut lab: Lab) -> TestResult {
    let queue = Condition::new().rate(Rate::megabits(4)).queue(Queue::Time(100 * MILLISECOND));
    marks(&mut lab, Backend::Relay, &queue.marks_after(10 * MILLISECOND), 1_000_000, false)
}

/// Row 16: ECN marks by RED.
#[netns_test(requires(conditions), deadline = "60s")]
fn red_marks_packets_of_senders_with_ecn(mut lab: Lab) -> TestResult {
    let red = ActiveQueue::red(10_000, 60_000).weight(0.1).probability_percent(20.0).ecn();
    let queue = Condition::new().rate(Rate::megabits(4)).queue(Queue::Time(200 * MILLISECOND));
    // Above its upper threshold it drops: where a busy machine lets a whole window arrive at once.
    marks(&mut lab, Backend::Relay, &queue.active_queue(red), 1_000_000, true)
}

/// Row 16: ECN marks by PIE.
#[netns_test(requires(conditions), deadline = "150s")]
fn pie_marks_packets_of_senders_with_ecn(mut lab: Lab) -> TestResult {
    let queue = Condition::new().rate(Rate::megabits(4)).queue(Queue::Time(400 * MILLISECOND));
    // It also drops while a sender begins: it allows a burst, and marks only up to a share of 10%.
    marks(&mut lab, Backend::Relay, &queue.active_queue(ActiveQueue::pie().ecn()), 4_000_000, true)
}

/// Row 16: ECN marks by RED of the kernel.
#[netns_test(requires(netem_conditions, tbf, red), deadline = "60s")]
fn red_of_the_kernel_marks_packets_of_senders_with_ecn(mut lab: Lab) -> TestResult {
    let red = ActiveQueue::red(10_000, 60_000).weight(0.125).probability_percent(20.0).ecn();
    let queue = Condition::new().rate(Rate::megabits(4)).queue(Queue::Time(200 * MILLISECOND));
    marks(&mut lab, Backend::Netem, &queue.active_queue(red), 1_000_000, true)
}

/// Row 16: ECN marks by PIE of the kernel.
#[netns_test(requires(netem_conditions, tbf, pie), deadline = "150s")]
fn pie_of_the_kernel_marks_packets_of_senders_with_ecn(mut lab: Lab) -> TestResult {
    let queue = Condition::new().rate(Rate::megabits(4)).queue(Queue::Time(400 * MILLISECOND));
    marks(&mut lab, Backend::Netem, &queue.active_queue(ActiveQueue::pie().ecn()), 4_000_000, true)
}

/// Row 16: ECN marks by `fq_codel`.
#[netns_test(requires(netem_conditions, tbf, fq_codel), deadline = "60s")]
fn fq_codel_marks_packets_of_senders_with_ecn(mut lab: Lab) -> TestResult {
    let queue = Condition::new().latency(10 * MILLISECOND).rate(Rate::megabits(4));
    marks(&mut lab, Backend::Netem, &queue.active_queue(ActiveQueue::fq_codel()), 1_000_000, true)
}

/// Row 16: ECN marks by CAKE.
#[netns_test(requires(netem_conditions, cake), deadline = "60s")]
fn cake_marks_packets_of_senders_with_ecn(mut lab: Lab) -> TestResult {
    let queue = Condition::new().latency(10 * MILLISECOND).rate(Rate::megabits(4));
    marks(&mut lab, Backend::Netem, &queue.active_queue(ActiveQueue::cake()), 1_000_000, true)
}

/// With ECN a sender slows down before the queue is full, and no packet is lost unless `may_drop`; without, some are lost.
fn marks(lab: &mut Lab, backend: Backend, condition: &Condition, bytes: usize, may_drop: bool) -> TestResult {
    let (a, b, link) = by(lab, backend)?;
    // The kernel reports the groups of IPv6 at random times, without ECN, so that the queue drops some of the reports.
    if Path::new("/proc/sys/net/ipv6").exists() {
        [&a, &b].into_iter().try_for_each(|host| host.set_sysctl("net.ipv6.conf.all.disable_ipv6", "1"))?;
    }
    link.set_condition_from(&a, condition)?;
    let marks_seen = || -> TestResult<u64> {
        let shown = b.command("cat")?.operand("/proc/net/netstat").output()?.success()?;
        let counters = shown.stdout.text();
        let lines: Vec<&str> = counters.lines().filter(|line| line.starts_with("IpExt: ")).collect();
        let [names, values] = lines[..] else { return Err("two lines of IpExt".into()) };
        let place = names.split(' ').position(|name| name == "InCEPkts").ok_or("InCEPkts")?;
        Ok(values.split(' ').nth(place).ok_or("a value")?.parse()?)
    };
    let run = |ecn: &str| -> TestResult<_> {
        [&a, &b].into_iter().try_for_each(|host| host.set_sysctl("net.ipv4.tcp_ecn", ecn))?;
        let (before, seen) = (link.statistics_from(&a)?, marks_seen()?);
        transfer(&a, &b, 80, bytes)?;
        let after = link.statistics_from(&a)?;
        Ok((after.marked - before.marked, marks_seen()? - seen, after.dropped - before.dropped))
    };
    let mut first = run("1")?;
    // PIE drops instead while it takes more than a tenth, as where a busy machine lets a whole queue arrive at once.
    let mut tries = 1;
    while may_drop && first.0 == 0 && tries < 4 {
        first = run("1")?;
        tries += 1;
    }
    let (marked, seen, dropped) = first;
    assert!(
        marked > 0 && marked == seen && (dropped == 0 || may_drop),
        "{marked} marked, {seen} arrived, {dropped} dropped in {tries} tries"
    );
    eprintln!("{backend:?}, {condition}: {marked} marked, {seen} arrived, {dropped} dropped in {tries} tries");
    let (marked, seen, dropped) = run("0")?;
    assert!(marked == 0 && seen == 0 && dropped > 0, "without ECN: {marked} marked, {seen} arrived, {dropped} dropped");
    Ok(())
}

/// Row 16: the delay under load, with PIE and without.
///
/// Delay under load, as a person in a call feels it: a queue of 400 ms fills, and PIE keeps it near its target.
#[netns_test(requires(conditions), deadline = "120s")]
fn active_management_keeps_the_delay_low_under_load(mut lab: Lab) -> TestResult {
    let (a, b, link) = two(&mut lab, &Condition::new())?;
    a.ping(&b).count(1).run()?.expect_all()?;
    let queue = Condition::new().rate(Rate::megabits(2)).queue(Queue::Time(400 * MILLISECOND));
    // 3 Mbit/s for five seconds.
    let late = |condition: &Condition| -> TestResult<(Duration, u64, u64)> {
        link.set_condition_from(&a, condition)?;
        let before = link.statistics_from(&a)?;
        let arrivals = datagrams(&a, &b, 1250, 1458, 4 * MILLISECOND, 500 * MILLISECOND)?;
        let mut delays: Vec<_> =
            arrivals.iter().filter(|arrival| arrival.number > 625).map(|arrival| arrival.delay).collect();
        delays.sort_unstable();
        let after = link.statistics_from(&a)?;
        let median = delays.get(delays.len() / 2).copied().ok_or("some arrive")?;
        Ok((median, after.dropped - before.dropped, after.marked - before.marked))
    };
    // A sender that the machine stops does not fill the queue.
    let expect = |condition: &Condition, holds: fn(Duration, u64, u64) -> bool| {
        undisturbed(&[(&link, &a)], || {
            let (delay, dropped, marked) = late(condition)?;
            let found = format!("{condition}: {delay:?}, {dropped} dropped, {marked} marked");
            Ok(if holds(delay, dropped, marked) { Ok(()) } else { Err(found) })
        })
    };
    // The control.
    expect(&queue, |delay, dropped, _| delay > 350 * MILLISECOND && dropped > 200)?;
    let managed = queue.active_queue(ActiveQueue::pie());
    expect(&managed, |delay, dropped, marked| delay < 100 * MILLISECOND && dropped > 200 && marked == 0)
}

/// The median round trip of pings beside a TCP connection that fills the link from `a` to `b`.
fn beside_a_full_flow(a: &Host, b: &Host) -> TestResult<Duration> {
    a.ping(b).count(1).timeout(Duration::from_secs(3)).run()?.expect_all()?;
    std::thread::scope(|scope| {
        let flow = scope.spawn(|| transfer(a, b, 80, 500_000).map_err(|error| format!("{error:#}")));
        // The queue is full after a second.
        std::thread::sleep(1500 * MILLISECOND);
        let pings = a.ping(b).count(30).interval(50 * MILLISECOND).timeout(Duration::from_secs(2)).run()?;
        flow.join().map_err(|_| "the flow panicked")??;
        median(pings.expect_any()?.round_trips())
    })
}

/// Each flow has a queue of its own: a ping does not wait behind a connection that fills the link.
fn another_flow_is_served(lab: &mut Lab, active: ActiveQueue) -> TestResult {
    let (a, b, link) = by(lab, Backend::Netem)?;
    let slow = Condition::new().rate(Rate::kilobits(750));
    link.set_condition_from(&a, &slow.clone().queue(Queue::Time(400 * MILLISECOND)))?;
    let control = beside_a_full_flow(&a, &b)?;
    link.set_condition_from(&a, &slow.active_queue(active))?;
    let served = beside_a_full_flow(&a, &b)?;
    eprintln!("{active}: {served:?}, {control:?} without");
    assert!(control > 150 * MILLISECOND && served * 2 < control, "{served:?}, {control:?} without");
    Ok(())
}

/// Row 16: `fq_codel` serves a ping beside a full flow.
#[netns_test(requires(netem_conditions, tbf, fq_codel), deadline = "60s")]
fn fq_codel_serves_another_flow_in_time(mut lab: Lab) -> TestResult {
    another_flow_is_served(&mut lab, ActiveQueue::fq_codel())
}

/// Row 16: CAKE serves a ping beside a full flow.
#[netns_test(requires(netem_conditions, cake), deadline = "60s")]
fn cake_serves_another_flow_in_time(mut lab: Lab) -> TestResult {
    another_flow_is_served(&mut lab, ActiveQueue::cake())
}

/// Row 16: a link changes between queues of the kernel.
///
/// A link takes each queue of the kernel after the other while packets wait, and loses none that it does not count as dropped.
#[netns_test(requires(netem_conditions, tbf, red, pie, fq_codel, cake), deadline = "60s")]
fn a_link_changes_between_queues_of_the_kernel(mut lab: Lab) -> TestResult {
    let (a, b, link) = by(&mut lab, Backend::Netem)?;
    a.ping(&b).count(1).run()?.expect_all()?;
    // A packet takes some 400 ms, so that most of twenty wait at the next change also where that takes seconds.
    let slow = Condition::new().latency(5 * MILLISECOND).rate(Rate::kilobits(20));
    let last = Condition::new().latency(5 * MILLISECOND).rate(Rate::kilobits(100)).queue(Queue::Bytes(60_000));
    let roomy = slow.clone().queue(Queue::Bytes(60_000));
    let conditions = [
        roomy.clone().active_queue(ActiveQueue::red(10_000, 11_000)),
        roomy.clone().active_queue(ActiveQueue::red(9_000, 12_000).ecn()),
        roomy.active_queue(ActiveQueue::pie()),
        slow.clone().active_queue(ActiveQueue::fq_codel()),
        slow.clone().active_queue(ActiveQueue::cake()),
        slow.active_queue(ActiveQueue::fq_codel().target(20 * MILLISECOND)),
    ];
    let before = link.statistics_from(&a)?;
    let socket = a.udp_socket(0)?;
    let _receiver = b.udp_socket(9)?;
    for condition in conditions.into_iter().chain([last, Condition::new()]) {
        link.set_condition_from(&a, &condition)?;
        // A link that is cut has no queue.
        link.cut_from(&a)?;
        link.restore()?;
        // Some wait at the next change.
        (0..20).try_for_each(|_| socket.send_to(&[0; 1000], (b.addr(), 9)).map(drop))?;
    }
    // The last packets leave at the old rate, in two seconds.
    a.ping(&b).count(5).timeout(Duration::from_secs(8)).run()?.expect_any()?;
    let after = link.statistics_from(&a)?;
    let (passed, dropped) = (after.passed - before.passed, after.dropped - before.dropped);
    eprintln!("{passed} passed, {dropped} dropped, {} lost", after.lost - before.lost);
    assert!(after.overflowed == 0 && dropped > 50 && passed + dropped >= 160, "{after}");
    // Nothing but reports of the kernel itself is sent while the link is cut.
    assert!(after.lost - before.lost <= 60, "{after}");
    Ok(())
}

/// Row 16: the relay refuses a queue of the kernel.
#[netns_test(requires(conditions))]
fn a_queue_of_the_kernel_is_refused_by_the_relay(mut lab: Lab) -> TestResult {
    let (a, _, link) = by(&mut lab, Backend::Relay)?;
    let managed = Condition::new().rate(Rate::megabits(4)).active_queue(ActiveQueue::cake());
    for refused in [
        link.set_condition_from(&a, &managed),
        link.set_condition_of(Traffic::to("192.0.2.0/24".parse::<netns_fixtures::net::address::IpNet>()?), &managed),
    ] {
        let refused = format!("{:#}", refused.expect_err("refused"));
        assert!(refused.contains("a-b") && refused.contains("the relay cannot make CAKE, which"), "{refused}");
        assert!(refused.contains("use `Backend::Netem`"), "{refused}");
    }
    Ok(())
}

/// Row 16: a kernel without a queue.
///
/// A kernel without the discipline is an error that names it; one without netem names that.
#[netns_test(requires(conditions))]
fn a_kernel_without_a_queue_is_an_error_that_names_it(mut lab: Lab) -> TestResult {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    let red = ActiveQueue::red(10_000, 20_000);
    let managed = Condition::new().rate(Rate::megabits(4)).active_queue(red);
    lab.link(&a, &b).condition(managed).backend(Backend::Netem);
    let lacking = ["netem_conditions", "tbf", "red"].into_iter();
    let lacking = lacking.filter(|name| netns_fixtures::requirements::check(name).is_ok_and(|unmet| unmet.is_some()));
    match (lab.up(), lacking.collect::<Vec<_>>().first()) {
        (Ok(()), None) => Ok(()),
        (Err(error), Some(name)) => {
            let error = format!("{error:?}");
            assert!(error.contains(&format!("requires({name})")), "{error}");
            Ok(())
        }
        (up, lacking) => Err(format!("{up:?}, and the kernel lacks {lacking:?}").into()),
    }
}
