//! A link whose loss changes several times a second: row 14.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use netns_fixtures::net::condition::{Condition, Loss, Step, Trace};
use netns_fixtures::prelude::*;

const MILLISECOND: Duration = Duration::from_millis(1);
/// The link passes all packets for half of this time, and none for the other half.
const PERIOD: i64 = 100_000;
/// The difference of a packet's stamp by the kernel to the clock of the test. Both are in microseconds.
const TOLERANCE: i64 = 2000;

/// A datagram: the microseconds between which the kernel took it, and whether it arrived.
struct Sent {
    since: i64,
    until: i64,
    arrives: bool,
}

impl Sent {
    /// Whether the link passes packets at both times, by a trace that began at `start`; `None` if it is not known for the time between.
    fn is_up(&self, start: i64) -> [Option<bool>; 2] {
        let (since, until) = (self.since - start - TOLERANCE, self.until - start + TOLERANCE);
        let is_up = |at: i64| (until - since < PERIOD / 2).then_some(at.rem_euclid(PERIOD) < PERIOD / 2);
        [is_up(since), is_up(until)]
    }
}

/// Returns the number of outages, and of times between them, in which datagrams were sent; `None` if one of them had another fate than the link
/// has at its time.
fn flaps(all: &[Sent], start: i64) -> Option<(usize, usize)> {
    let [mut outages, mut between] = [BTreeSet::new(), BTreeSet::new()];
    for sent in all {
        let is_up = sent.is_up(start);
        if !is_up.contains(&None) && !is_up.contains(&Some(sent.arrives)) {
            return None;
        }
        if is_up == [Some(sent.arrives); 2] {
            let seen = if sent.arrives { &mut between } else { &mut outages };
            seen.insert((sent.since - start).div_euclid(PERIOD));
        }
    }
    Some((outages.len(), between.len()))
}

/// Row 14: a link flaps ten times a second.
///
/// Each datagram has the fate of the link at the time when the kernel took it, however long the sender stands still between them.
#[netns_test(requires(conditions), deadline = "60s")]
fn a_link_flaps_ten_times_a_second(mut lab: Lab) -> TestResult {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    lab.link(&a, &b).condition(Condition::new());
    lab.up()?;
    a.ping(&b).count(1).run()?.expect_all()?;
    let step = |milliseconds, percent| Step {
        at: Duration::from_millis(milliseconds),
        loss: Some(Loss::percent(percent)),
        ..Step::default()
    };
    let flapping = Trace::steps([step(0, 0.0), step(50, 100.0), step(100, 0.0)]);
    let link = lab.link_between(&a, &b)?;
    let (sender, receiver) = (a.udp_socket(0)?, b.udp_socket(5000)?);
    receiver.set_nonblocking(true)?;
    let clock = Instant::now();
    let now = || i64::try_from(clock.elapsed().as_micros());
    let receive = |all: &mut [Sent]| -> TestResult {
        let mut number = [0; 4];
        while receiver.recv(&mut number).is_ok() {
            all[usize::try_from(u32::from_be_bytes(number))?].arrives = true;
        }
        Ok(())
    };
    link.set_condition_from(&a, &Condition::new().trace(flapping))?;
    let latest_start = now()?;
    let (mut all, mut halves) = (Vec::new(), [BTreeSet::new(), BTreeSet::new()]);
    while halves.iter().any(|of_kind| of_kind.len() < 20) {
        let since = now()?;
        sender.send_to(&u32::try_from(all.len())?.to_be_bytes(), (b.addr(), 5000))?;
        let until = now()?;
        all.push(Sent { since, until, arrives: false });
        receive(&mut all)?;
        if until - since < PERIOD / 2 - 2 * TOLERANCE {
            let half = since / (PERIOD / 2);
            halves[usize::from(half % 2 == 1)].insert(half);
        }
        // The pace of the datagrams: 25 in half a period.
        thread::sleep(2 * MILLISECOND);
    }
    // Packets stay in order: behind the ping, none is on its way.
    link.set_condition_from(&a, &Condition::new())?;
    a.ping(&b).count(1).run()?.expect_all()?;
    receive(&mut all)?;

    // The trace began while the condition was set.
    let starts = (0..=latest_start.min(PERIOD)).step_by(500);
    let seen = starts.clone().filter_map(|start| flaps(&all, start)).max();
    let arrived = all.iter().filter(|sent| sent.arrives).count();
    eprintln!("{seen:?} outages and times between them, {arrived} of {} arrived", all.len());
    assert!(seen.is_some_and(|(outages, between)| outages >= 10 && between >= 10), "{seen:?}, {arrived} arrived");
    for sent in &mut all {
        sent.arrives = true;
    }
    assert_eq!(starts.filter_map(|start| flaps(&all, start)).max(), None, "the control: a link that does not flap");
    Ok(())
}
