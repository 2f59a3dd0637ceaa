//! The two backends of conditions, with the same measurements: the relay, and netem if the kernel has it.

use std::time::Duration;

use netns_fixtures::journal;
use netns_fixtures::net::condition::{Backend, Condition, Jitter, Loss, Queue, Rate, Step, Trace};
use netns_fixtures::net::{Host, LinkHandle};
use netns_fixtures::prelude::*;

use crate::link_conditions::expect_carrier;
use crate::measured::{Try, expect_rate, repeated, undisturbed, watched};
use crate::traffic::{binomial, datagrams, numbers};

const MILLISECOND: Duration = Duration::from_millis(1);

/// Returns two hosts whose link has this condition from the first to the second, with this backend.
fn two(lab: &mut Lab, backend: Backend, condition: &Condition) -> TestResult<(Host, Host, LinkHandle)> {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    lab.link(&a, &b).conditions(condition.clone(), Condition::new()).backend(backend);
    lab.up()?;
    let link = lab.link_between(&a, &b)?;
    assert_eq!(link.backend()?, backend);
    // Neighbours are known afterwards, so that no datagram waits for discovery.
    a.ping(&b).count(3).timeout(Duration::from_secs(3)).run()?;
    Ok((a, b, link))
}

/// Returns how many packets may arrive in another order: on a machine with several processors, those that leave netem at the
/// same time.
fn exchanged(backend: Backend) -> usize {
    if backend == Backend::Netem { 5 } else { 0 }
}

/// A round trip has some four wake-ups: of the relay in both directions, and of both ends. Where each is less late than this, it is less
/// than a millisecond late.
const CALM: Duration = Duration::from_micros(250);

/// The round trips of many pings, sorted.
struct RoundTrips {
    times: Vec<Duration>,
    /// Nine of ten times, a thread of the test woke on time meanwhile, see [`CALM`].
    is_calm: bool,
}

impl RoundTrips {
    /// Measures round trips, at least twenty, and more of them until the shortest is below `enough`: a busy machine delays single ones.
    fn measure(from: &Host, to: &Host, enough: Duration) -> TestResult<Self> {
        let (mut times, mut late) = (Vec::new(), Vec::new());
        for _ in 0..20 {
            let pings = || from.ping(to).count(20).interval(10 * MILLISECOND).timeout(Duration::from_secs(3)).run();
            let (report, woke) = watched(pings);
            times.extend(report?.expect_any()?.round_trips());
            late.extend(woke);
            times.sort_unstable();
            if times[0] <= enough {
                break;
            }
        }
        late.sort_unstable();
        let is_calm = late.get(late.len() * 9 / 10).is_some_and(|late| *late < CALM);
        Ok(Self { times, is_calm })
    }

    /// Returns the time below which this share of them is.
    fn below(&self, percent: usize) -> Duration {
        self.times[(self.times.len() - 1) * percent / 100]
    }
}

/// The shortest round trip takes 5% or 1 ms more than the declared latency at most, and so does the median, unless the machine is too busy. The
/// slowest depends on the machine, and is printed.
fn latency(lab: &mut Lab, backend: Backend) -> TestResult {
    let (a, b, link) = two(lab, backend, &Condition::new())?;
    for latency in [0, 5, 40, 200, 300].map(Duration::from_millis) {
        link.set_condition_from(&a, &Condition::new().latency(latency))?;
        let most = latency + (latency / 20).max(MILLISECOND);
        let times = RoundTrips::measure(&a, &b, most)?;
        let [shortest, median, most_of_all] = [0, 50, 99].map(|percent| times.below(percent));
        let found = format!(
            "{backend:?}: {latency:?} declared, {shortest:?} the shortest, {median:?} the median, 99% below {most_of_all:?}, of {}",
            times.times.len()
        );
        eprintln!("{found}");
        assert!(shortest >= latency && shortest <= most, "{found}");
        if times.is_calm {
            assert!(median <= most, "{found}");
        } else {
            eprintln!("the median is not judged: one of ten times, a thread of the test woke {CALM:?} late");
        }
    }
    Ok(())
}

/// Row 1: latency, by the relay.
#[netns_test(requires(conditions))]
fn the_relay_delays_by_its_latency(mut lab: Lab) -> TestResult {
    latency(&mut lab, Backend::Relay)
}

/// Row 1: latency, by netem.
#[netns_test(requires(netem_conditions))]
fn netem_delays_by_its_latency(mut lab: Lab) -> TestResult {
    latency(&mut lab, Backend::Netem)
}

/// A jitter has its median and its lower bound, and reorders nothing. A busy machine delays packets, also without a jitter.
fn jitter(lab: &mut Lab, backend: Backend) -> TestResult {
    let (a, b, link) = two(lab, backend, &Condition::new())?;
    let mut late = Duration::ZERO;
    // The median of the Pareto distribution: 5 ms * 1.5 * (2^0.4 - 1).
    for (jitter, lowest, median) in [
        (None, 30, 30),
        (Some(Jitter::Uniform(15 * MILLISECOND)), 15, 30),
        (Some(Jitter::Normal(5 * MILLISECOND)), 15, 30),
        (Some(Jitter::Pareto(5 * MILLISECOND)), 30, 32),
    ] {
        let steady = Condition::new().latency(30 * MILLISECOND);
        link.set_condition_from(&a, &jitter.map_or(steady.clone(), |jitter| steady.jitter(jitter)))?;
        undisturbed(&[(&link, &a)], || {
            // Far enough apart that few wait for the previous one.
            let arrivals = datagrams(&a, &b, 150, 100, 30 * MILLISECOND, 300 * MILLISECOND)?;
            let (seen, overtaken) = numbers(&arrivals);
            assert!(seen.len() == 150 && overtaken <= exchanged(backend), "{jitter:?}: {overtaken} overtaken");
            let mut delays: Vec<Duration> = arrivals.iter().map(|arrival| arrival.delay).collect();
            delays.sort_unstable();
            let [first, middle, ninetieth] = [0, 75, 135].map(|place| delays[place]);
            let found = format!("{jitter:?}: from {first:?}, median {middle:?}, 90% below {ninetieth:?}");
            eprintln!("{backend:?}: {found}");
            let (lowest, median) = (lowest * MILLISECOND, median * MILLISECOND);
            assert!(first >= lowest, "{found}");
            if jitter.is_none() {
                late = middle.saturating_sub(median);
            }
            let is_right = late < 5 * MILLISECOND
                && first < lowest + if lowest < median { 8 } else { 3 } * MILLISECOND
                && middle + 4 * MILLISECOND > median
                && middle < median + 6 * MILLISECOND + 2 * late
                && (jitter.is_none() || ninetieth > first + 6 * MILLISECOND);
            Ok(if is_right { Ok(()) } else { Err(found) })
        })?;
    }
    Ok(())
}

/// Row 2: jitter, by the relay.
#[netns_test(requires(conditions), deadline = "60s")]
fn the_relay_spreads_by_its_jitter(mut lab: Lab) -> TestResult {
    jitter(&mut lab, Backend::Relay)
}

/// Row 2: jitter, by netem.
#[netns_test(requires(netem_conditions), deadline = "60s")]
fn netem_spreads_by_its_jitter(mut lab: Lab) -> TestResult {
    jitter(&mut lab, Backend::Netem)
}

/// The share of lost datagrams is within the 99.9% interval; bursts are as long as declared.
fn loss(lab: &mut Lab, backend: Backend) -> TestResult {
    let (a, b, link) = two(lab, backend, &Condition::new())?;
    // One draw in a thousand is outside of the interval, so each run draws the same. netem takes no seed before Linux 6.7.
    let takes_seed = match link.set_condition_from(&a, &Condition::new().loss(Loss::percent(1.0)).seed(1)) {
        Ok(()) => true,
        Err(error) if format!("{error:#}").contains("takes no seed") => false,
        Err(error) => return Err(error.into()),
    };
    assert!(takes_seed || backend == Backend::Netem, "the relay takes a seed");
    let with = |loss| {
        let condition = Condition::new().loss(loss);
        if takes_seed { condition.seed(1) } else { condition }
    };
    for percent in [1.0, 10.0, 50.0] {
        link.set_condition_from(&a, &with(Loss::percent(percent)))?;
        let before = link.statistics_from(&a)?;
        let arrived = u32::try_from(datagrams(&a, &b, 2000, 100, MILLISECOND / 2, 300 * MILLISECOND)?.len())?;
        let (lost, bound) = (2000 - arrived, binomial(2000, percent / 100.0));
        eprintln!("{backend:?}: {percent}% declared, {lost} of 2000 lost");
        assert!(bound.contains(&lost), "{percent}%: {lost} lost, {bound:?} expected");
        // Neighbour discovery and multicast reports may be lost too.
        let counted = link.statistics_from(&a)?.lost - before.lost;
        assert!((lost.into()..=u64::from(lost) + 20).contains(&counted), "{counted} counted, {lost} lost");
    }
    link.set_condition_from(&a, &with(Loss::bursts(10.0, 5.0)))?;
    let (seen, _) = numbers(&datagrams(&a, &b, 4000, 100, MILLISECOND / 2, 300 * MILLISECOND)?);
    let lost: Vec<bool> = (0..4000).map(|number| !seen.contains_key(&number)).collect();
    let count = lost.iter().filter(|lost| **lost).count();
    let bursts = lost.windows(2).filter(|pair| !pair[0] && pair[1]).count();
    eprintln!("{backend:?}: {count} of 4000 lost in {bursts} bursts");
    // Bursts of five make the standard deviation three times that of independent losses: 57.
    assert!((170..630).contains(&count) && (30..70).contains(&(10 * count / bursts.max(1))), "{count} in {bursts}");
    Ok(())
}

/// Rows 3, 4: loss and bursts, by the relay.
#[netns_test(requires(conditions), deadline = "150s")]
fn the_relay_loses_its_share(mut lab: Lab) -> TestResult {
    loss(&mut lab, Backend::Relay)
}

/// Rows 3, 4: loss and bursts, by netem.
#[netns_test(requires(netem_conditions), deadline = "150s")]
fn netem_loses_its_share(mut lab: Lab) -> TestResult {
    loss(&mut lab, Backend::Netem)
}

/// Rates from that of a modem to the highest, with full packets: no more than the rate passes, and no less, unless the machine is too busy for
/// twice the rate.
fn rates(lab: &mut Lab, backend: Backend) -> TestResult {
    let (a, b, link) = two(lab, backend, &Condition::new())?;
    for megabits in [10, 100, 400] {
        link.set_condition_from(&a, &Condition::new().rate(Rate::megabits(megabits)))?;
        if !expect_rate(&[(&link, &a, megabits)], [&a, &b], megabits)? {
            break;
        }
    }
    Ok(())
}

/// Row 5: rates of 10, 100 and 400 Mbit/s, by the relay.
#[netns_test(requires(conditions), deadline = "150s")]
fn a_high_rate_of_the_relay_is_kept_or_reported(mut lab: Lab) -> TestResult {
    rates(&mut lab, Backend::Relay)
}

/// Row 5: rates of 10, 100 and 400 Mbit/s, by netem.
#[netns_test(requires(netem_conditions), deadline = "150s")]
fn a_high_rate_of_netem_is_kept_or_reported(mut lab: Lab) -> TestResult {
    rates(&mut lab, Backend::Netem)
}

/// Row 5: a rate that is too low by a tenth is noticed.
///
/// The control of the measurement: a busy machine does not excuse it where it carries twice the rate.
#[netns_test(requires(conditions), deadline = "60s")]
fn a_rate_that_is_too_low_by_a_tenth_is_noticed(mut lab: Lab) -> TestResult {
    let (a, b, link) = two(&mut lab, Backend::Relay, &Condition::new().rate(Rate::megabits(9)))?;
    match expect_rate(&[(&link, &a, 9)], [&a, &b], 10) {
        Err(wrong) => assert!(wrong.to_string().contains("10 Mbit/s expected, 0."), "{wrong}"),
        // A skip: the machine does not carry 20 Mbit/s.
        Ok(is_kept) => assert!(!is_kept, "9 Mbit/s instead of 10"),
    }
    Ok(())
}

/// Packets of any size pass at the rate, also while some are lost, and wait no longer than the queue.
fn rate(lab: &mut Lab, backend: Backend) -> TestResult {
    let (a, b, link) = two(lab, backend, &Condition::new())?;
    for (kilobits, bytes, queue, percent) in [(500, 1000, 100, 0.0), (65, 100, 200, 0.0), (500, 1000, 100, 20.0)] {
        let queue = Duration::from_millis(queue);
        let condition = Condition::new().rate(Rate::kilobits(kilobits)).queue(Queue::Time(queue));
        link.set_condition_from(&a, &condition.loss(Loss::percent(percent)))?;
        // An Ethernet and an IPv4 or IPv6 header, and that of UDP.
        let head = if b.addr().is_ipv4() { 14 + 20 + 8 } else { 14 + 40 + 8 };
        let wire = Duration::from_nanos(u64::try_from(bytes + head)? * 8_000_000 / kilobits);
        // Three times the capacity of the link, for two seconds.
        let count = u32::try_from(6 * Duration::from_secs(1).as_nanos() / wire.as_nanos())?;
        undisturbed(&[(&link, &a)], || {
            let before = link.statistics_from(&a)?;
            let arrivals = datagrams(&a, &b, count, bytes, wire / 3, 300 * MILLISECOND)?;
            let times: Vec<Duration> = arrivals.iter().map(|arrival| arrival.sent + arrival.delay).collect();
            let mut gaps: Vec<Duration> = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
            gaps.sort_unstable();
            // The median of the gaps without a loss in between: if a busy machine did not run the sender, the link was idle.
            let middle = if percent > 0.0 { gaps.len() * 2 / 5 } else { gaps.len() / 2 };
            let found = wire.as_secs_f64() / gaps[middle].as_secs_f64();
            let took = times[times.len() - 1].saturating_sub(times[0]);
            let share = f64::from(u32::try_from(gaps.len())?) * wire.as_secs_f64() / took.as_secs_f64();
            let late = arrivals[arrivals.len() / 2..].iter();
            let mut delays: Vec<Duration> = late.map(|arrival| arrival.delay).collect();
            delays.sort_unstable();
            let waits = delays[delays.len() / 2];
            let dropped = link.statistics_from(&a)?.dropped - before.dropped;
            let found_text = format!(
                "{bytes} bytes, {percent}% loss: {found:.3} of the rate, {share:.3} arrived, {waits:?} of {queue:?} of delay, {dropped} dropped"
            );
            eprintln!("{backend:?}: {found_text}");
            // Lost packets have used the rate.
            let is_right = (found - 1.0).abs() < 0.05
                && share < if percent > 0.0 { 0.93 } else { 1.05 }
                && waits > queue.mul_f64(0.75)
                && waits < queue.mul_f64(1.15)
                && dropped > u64::from(count) / 5;
            Ok(if is_right { Ok(()) } else { Err(found_text) })
        })?;
    }
    Ok(())
}

/// Rows 5, 6: rate and queue for packets of any size, by the relay.
#[netns_test(requires(conditions), deadline = "150s")]
fn the_relay_carries_its_rate(mut lab: Lab) -> TestResult {
    rate(&mut lab, Backend::Relay)
}

/// Rows 5, 6: rate and queue for packets of any size, by netem.
#[netns_test(requires(netem_conditions), deadline = "150s")]
fn netem_carries_its_rate(mut lab: Lab) -> TestResult {
    rate(&mut lab, Backend::Netem)
}

/// Some packets overtake; a lower latency lets none overtake; a cut loses all.
fn changes(lab: &mut Lab, backend: Backend) -> TestResult {
    let slow = Condition::new().latency(100 * MILLISECOND);
    let (a, b, link) = two(lab, backend, &slow)?;
    let run = |count| datagrams(&a, &b, count, 100, MILLISECOND, 500 * MILLISECOND);
    let arrivals = std::thread::scope(|scope| {
        let sender = scope.spawn(|| run(400).map_err(|error| format!("{error:#}")));
        std::thread::sleep(150 * MILLISECOND);
        link.set_condition_from(&a, &Condition::new())?;
        sender.join().map_err(|_| "the sender panicked")?.map_err(BoxError::from)
    })?;
    let (seen, overtaken) = numbers(&arrivals);
    // Without the order, the hundred packets on their way would be overtaken.
    let is_in_order = overtaken <= 8 * exchanged(backend);
    assert!(seen.len() == 400 && is_in_order, "{overtaken} have overtaken what was on its way");
    let some_overtake = slow.reorder_percent(20.0);
    // As for losses, the relay draws the same in each run.
    let some_overtake = if backend == Backend::Relay { some_overtake.seed(1) } else { some_overtake };
    link.set_condition_from(&a, &some_overtake)?;
    let arrivals = run(500)?;
    let early = arrivals.iter().filter(|arrival| arrival.delay < 100 * MILLISECOND).count();
    let bound = binomial(500, 0.2);
    assert!(bound.contains(&u32::try_from(early)?), "{early} of 500 have overtaken others, {bound:?} expected");
    let (seen, overtaken) = numbers(&arrivals);
    assert!(seen.len() == 500 && overtaken > 50, "{} arrived, {overtaken} overtaken", seen.len());
    link.cut()?;
    assert_eq!(run(20)?.len(), 0);
    link.restore()?;
    assert_eq!(run(20)?.len(), 20, "the control");
    Ok(())
}

/// Rows 7, 8: a change while packets are on their way, by the relay.
#[netns_test(requires(conditions), deadline = "60s")]
fn the_relay_changes_while_packets_are_on_their_way(mut lab: Lab) -> TestResult {
    changes(&mut lab, Backend::Relay)
}

/// Rows 7, 8: a change while packets are on their way, by netem.
#[netns_test(requires(netem_conditions), deadline = "60s")]
fn netem_changes_while_packets_are_on_their_way(mut lab: Lab) -> TestResult {
    changes(&mut lab, Backend::Netem)
}

/// Packets leave in slots: few times of arrival, each later than the packet that opened its slot by the declared distance.
fn slots(lab: &mut Lab, backend: Backend) -> TestResult {
    let (a, b, link) = two(lab, backend, &Condition::new())?;
    let groups = |arrivals: &[crate::traffic::Arrival]| {
        let times: Vec<Duration> = arrivals.iter().map(|arrival| arrival.sent + arrival.delay).collect();
        1 + times.windows(2).filter(|pair| pair[1].saturating_sub(pair[0]) > 5 * MILLISECOND).count()
    };
    for slots in [None, Some((20, 20)), Some((20, 40))] {
        let late = Condition::new().latency(30 * MILLISECOND);
        let (least, most) = slots.map_or((0, 0), |(least, most)| (least, most));
        let of_slots = late.clone().slots(least * MILLISECOND, most * MILLISECOND);
        link.set_condition_from(&a, &if slots.is_some() { of_slots } else { late })?;
        undisturbed(&[(&link, &a)], || {
            let arrivals = datagrams(&a, &b, 500, 100, 2 * MILLISECOND, 300 * MILLISECOND)?;
            let (seen, overtaken) = numbers(&arrivals);
            assert!(seen.len() == 500 && overtaken <= exchanged(backend) * 10, "{overtaken} overtaken");
            let mut delays: Vec<Duration> = arrivals.iter().map(|arrival| arrival.delay).collect();
            delays.sort_unstable();
            let (lowest, middle, groups) = (delays[0], delays[delays.len() / 2], groups(&arrivals));
            let found = format!("{slots:?}: delays from {lowest:?}, median {middle:?}, {groups} groups");
            eprintln!("{backend:?}: {found}");
            assert!(lowest >= 30 * MILLISECOND, "{found}");
            // A packet waits for the half of a slot on average. A second has slots of this distance and of the gap to the next datagram;
            // a busy machine joins some of them, or cuts them.
            let (median, count) = match slots {
                None => (30..35, 0..500),
                Some((least, most)) => {
                    (38 + (most - least) / 10..47 + (most - least) / 3, 950 / (most + 4)..1000 / least + 9)
                }
            };
            let is_right =
                median.contains(&u32::try_from(middle.as_millis())?) && count.contains(&u32::try_from(groups)?);
            Ok(if is_right { Ok(()) } else { Err(found) })
        })?;
    }
    Ok(())
}

/// Row 2: packets leave in slots, by the relay.
#[netns_test(requires(conditions), deadline = "60s")]
fn the_relay_releases_in_slots(mut lab: Lab) -> TestResult {
    slots(&mut lab, Backend::Relay)
}

/// Row 2: packets leave in slots, by netem.
#[netns_test(requires(netem_conditions), deadline = "60s")]
fn netem_releases_in_slots(mut lab: Lab) -> TestResult {
    slots(&mut lab, Backend::Netem)
}

/// One end has no carrier while the other is down.
fn carriers(lab: &mut Lab, backend: Backend) -> TestResult {
    let (a, b, _) = two(lab, backend, &Condition::new())?;
    a.link_down("eth0")?;
    expect_carrier(&b, false)?;
    a.link_up("eth0")?;
    expect_carrier(&b, true)?;
    a.ping(&b).count(20).timeout(Duration::from_secs(1)).run()?.expect_any()?;
    Ok(())
}

/// Row 12: both ends share their carrier, by the relay.
#[netns_test(requires(conditions))]
fn the_relay_passes_the_carrier_on(mut lab: Lab) -> TestResult {
    carriers(&mut lab, Backend::Relay)
}

/// Row 12: both ends share their carrier, by netem.
#[netns_test(requires(netem_conditions))]
fn netem_passes_the_carrier_on(mut lab: Lab) -> TestResult {
    carriers(&mut lab, Backend::Netem)
}

/// Row 1: a link changes from netem to the relay.
///
/// The journal names the choice; a condition that netem cannot make moves the link to the relay, with its counts.
#[netns_test(requires(netem_conditions))]
fn a_link_changes_from_netem_to_the_relay(mut lab: Lab) -> TestResult {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    lab.link(&a, &b).condition(Condition::new()).backend(Backend::Automatic);
    lab.up()?;
    let link = lab.link_between(&a, &b)?;
    assert_eq!(link.backend()?, Backend::Netem);
    a.ping(&b).count(3).run()?.expect_all()?;
    let before = link.statistics_from(&a)?;
    assert!(before.passed >= 3, "{before}");
    let step = Step { latency: Some(20 * MILLISECOND), ..Step::default() };
    let trace = Trace::steps([step, Step { at: Duration::from_secs(9), ..step }]);
    link.set_condition_from(&a, &Condition::new().trace(trace))?;
    assert_eq!(link.backend()?, Backend::Relay);
    let least = a.ping(&b).count(3).run()?.expect_all()?.min().ok_or("three replies")?;
    assert!(least >= 20 * MILLISECOND, "{least:?}");
    let after = link.statistics_from(&a)?;
    assert!(after.passed >= before.passed + 3 && after.latest.is_none(), "netem does not report it: {after}");
    let unknown = format!("{:#}", link.expect_punctual(Duration::from_secs(3600)).expect_err("netem has carried some"));
    assert!(unknown.contains("netem carries or has carried them"), "{unknown}");
    let chosen = journal::entries()
        .into_iter()
        .map(|entry| entry.to_string())
        .filter(|entry| entry.contains("for the condition of a-b"));
    let chosen: Vec<String> = chosen.collect();
    assert!(chosen[0].contains("netem for") && chosen[1].contains("the relay for"), "{chosen:?}");
    assert!(chosen[1].contains("it has no traces"), "{chosen:?}");
    Ok(())
}

/// Row 1: what netem cannot make is refused where it is demanded.
#[netns_test(requires(netem_conditions))]
fn what_netem_cannot_make_is_an_error_where_it_was_demanded(mut lab: Lab) -> TestResult {
    let (a, _, link) = two(&mut lab, Backend::Netem, &Condition::new())?;
    let error = format!("{:?}", link.set_condition_from(&a, &Condition::new().corrupt_percent(1.0)).unwrap_err());
    assert!(error.contains("the condition of the link \"a-b\" from \"a\" to \"b\" is wrong"), "{error}");
    assert!(error.contains("netem cannot make the condition `corrupt 1%`"), "{error}");
    assert_eq!(link.backend()?, Backend::Netem);
    // Also while it is cut, and then it can be restored.
    link.cut()?;
    let error = format!("{:?}", link.set_condition_from(&a, &Condition::new().corrupt_percent(1.0)).unwrap_err());
    assert!(error.contains("netem cannot make the condition `corrupt 1%`"), "{error}");
    link.set_condition_from(&a, &Condition::new().latency(40 * MILLISECOND))?;
    link.restore()?;
    assert_eq!(link.backend()?, Backend::Netem);
    Ok(())
}

/// Returns the version of the running kernel.
fn kernel() -> TestResult<(u32, u32)> {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let mut numbers = release.split(|letter: char| !letter.is_ascii_digit()).map(str::parse);
    Ok((numbers.next().ok_or("a major version")??, numbers.next().ok_or("a minor version")??))
}

/// Row 10: a seed of netem, or the error that it has none.
///
/// Since Linux 6.7 the losses of a seed are the same in each run; before, the seed is an error.
#[netns_test(requires(netem_conditions), deadline = "60s")]
fn netem_has_a_seed_or_says_that_it_has_none(mut lab: Lab) -> TestResult {
    let (a, b, link) = two(&mut lab, Backend::Netem, &Condition::new())?;
    repeated(|| {
        let (mut fates, mut others) = (Vec::new(), 0);
        for seed in [8, 8, 9] {
            a.ping(&b).count(1).run()?;
            let before = link.statistics_from(&a)?;
            let seeded = Condition::new().loss(Loss::percent(30.0)).seed(seed);
            if let Err(error) = link.set_condition_from(&a, &seeded) {
                assert_eq!(
                    error.to_string(),
                    "the condition of the link \"a-b\" from \"a\" to \"b\" is wrong: netem of this kernel takes no seed, and the seed is 8; it needs \
                     Linux 6.7, no seed, or `Backend::Relay`"
                );
                assert!(kernel()? < (6, 7), "this kernel has seeds: {error:?}");
                return Ok(Try::Right);
            }
            let (seen, _) = numbers(&datagrams(&a, &b, 200, 100, MILLISECOND / 2, 300 * MILLISECOND)?);
            let after = link.statistics_from(&a)?;
            // A packet of the kernel itself, such as neighbour discovery, uses random numbers too.
            others += ((after.passed + after.lost) - (before.passed + before.lost)).abs_diff(200);
            fates.push(seen.into_keys().collect::<Vec<_>>());
            link.set_condition_from(&a, &Condition::new())?;
        }
        assert_ne!(fates[0], fates[2], "another seed");
        let found = format!("{:?} and {:?} arrived", fates[0], fates[1]);
        Ok(match others {
            _ if fates[0] == fates[1] => Try::Right,
            0 => Try::Wrong(found),
            _ => Try::Disturbed(format!("{found}; {others} packets of the kernel were among them")),
        })
    })
    .map(drop)
}

/// Row 1: netem is refused on a kernel without it.
///
/// Without netem, a link that demands it is refused.
#[netns_test]
fn without_netem_a_demand_for_it_is_refused(mut lab: Lab) -> TestResult {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    lab.link(&a, &b).condition(Condition::new()).backend(Backend::Netem);
    if let Err(error) = lab.up() {
        assert_eq!(error.kind(), netns_fixtures::ErrorKind::Unsupported, "{error:?}");
        assert!(format!("{error:?}").contains("requires(netem_conditions)"), "{error:?}");
        return Ok(());
    }
    assert_eq!(lab.link_between(&a, &b)?.backend()?, Backend::Netem);
    Ok(())
}
