//! Shared measurements that a busy machine may disturb. A wrong one is repeated only where a disturbance was seen: a backend that is right in
//! some tries alone fails.

use std::sync::atomic::{AtomicU16, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use netns_fixtures::net::condition::{Condition, Rate};
use netns_fixtures::net::{Host, LinkHandle};
use netns_fixtures::prelude::*;

use crate::traffic::transfer;

/// A thread that wakes this much late wanted a processor for longer than a measurement of delays allows.
const WANT: Duration = Duration::from_millis(1);

/// How often a measurement is made at most.
const TRIES: u32 = 5;

/// The result of one measurement.
pub(crate) enum Try {
    Right,
    /// Nothing was seen that disturbed it.
    Wrong(String),
    /// The machine disturbed it, as the text says.
    Disturbed(String),
    /// The machine cannot make it now.
    TooBusy(String),
}

impl Try {
    fn wrong(found: String, disturbance: Option<String>) -> Self {
        match disturbance {
            Some(disturbance) => Self::Disturbed(format!("{found}; {disturbance}")),
            None => Self::Wrong(found),
        }
    }
}

/// Measures until a measurement is right, up to five times, and prints each try. One that is wrong without a disturbance ends it. Returns
/// `false`, and reports the skip, if the machine is too busy.
pub(crate) fn repeated(mut measure: impl FnMut() -> TestResult<Try>) -> TestResult<bool> {
    let mut last = String::new();
    for number in 1..=TRIES {
        match measure()? {
            Try::Right => {
                eprintln!("right in try {number} of {TRIES}");
                return Ok(true);
            }
            Try::TooBusy(found) => {
                netns_tests::witness::skip(&format!("needs a machine that is not busy: {found}"));
                return Ok(false);
            }
            Try::Wrong(found) => return Err(format!("wrong in try {number}, which nothing disturbed: {found}").into()),
            Try::Disturbed(found) => {
                eprintln!("try {number} of {TRIES} was wrong and disturbed: {found}");
                last = found;
            }
        }
    }
    Err(format!("wrong and disturbed in each of {TRIES} tries; in the last one: {last}").into())
}

/// Repeats a measurement of packets of these links, each with the host that sends, where it was [`observed`] that it was disturbed.
pub(crate) fn undisturbed(
    links: &[(&LinkHandle, &Host)],
    mut measure: impl FnMut() -> TestResult<Result<(), String>>,
) -> TestResult {
    repeated(|| {
        let (found, disturbance) = observed(links, &mut measure)?;
        Ok(found.map_or_else(|wrong| Try::wrong(wrong, disturbance), |()| Try::Right))
    })
    .map(drop)
}

/// Measures. Returns also what disturbed it: a relay counted late packets meanwhile, or a thread of the test woke late.
fn observed<T>(
    links: &[(&LinkHandle, &Host)],
    measure: impl FnOnce() -> TestResult<T>,
) -> TestResult<(T, Option<String>)> {
    let before = late(links)?;
    let (measured, woke) = watched(measure);
    let (measured, late) = (measured?, late(links)? - before);
    let woke = woke.last().copied().unwrap_or_default();
    let disturbance = || format!("{late} packets left late, and a thread woke up to {woke:?} late");
    Ok((measured, (late > 0 || woke >= WANT).then(disturbance)))
}

/// Returns how many packets of these links left late so far. netem counts none.
fn late(links: &[(&LinkHandle, &Host)]) -> TestResult<u64> {
    links.iter().try_fold(0, |sum, (link, sender)| Ok(sum + link.statistics_from(sender)?.late.unwrap_or_default()))
}

/// Measures beside a thread that sleeps for a millisecond again and again. Returns also how late that thread woke each time, sorted. Threads that
/// want the processor for longer may have been later.
pub(crate) fn watched<T>(measure: impl FnOnce() -> T) -> (T, Vec<Duration>) {
    const NAP: Duration = Duration::from_millis(1);
    // Dropped after the measurement, also by a panic: the thread ends then.
    let (end, is_over) = mpsc::channel::<()>();
    // Counts from here: a thread that does not get a processor at all is late, too.
    let mut asleep = Instant::now();
    let witness = thread::spawn(move || {
        let mut woke = Vec::new();
        loop {
            let ended = is_over.recv_timeout(NAP);
            woke.push(asleep.elapsed().saturating_sub(NAP));
            asleep = Instant::now();
            if ended != Err(RecvTimeoutError::Timeout) {
                woke.sort_unstable();
                return woke;
            }
        }
    });
    let measured = measure();
    drop(end);
    (measured, witness.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
}

/// A link on the way of a transfer: with the host that sends, and its rate in Mbit/s.
pub(crate) type Hop<'a> = (&'a LinkHandle, &'a Host, u64);

/// TCP gets the rate within 5%. Returns `false`, and reports the reason, if the machine is too busy for it: without the conditions of the links,
/// the same transfer does not reach twice the rate either.
pub(crate) fn expect_rate(hops: &[Hop<'_>], [from, to]: [&Host; 2], megabits: u64) -> TestResult<bool> {
    let bytes = bytes_of_a_second(megabits)?;
    // No connection of an earlier transfer has this port.
    let seconds = || Ok::<_, BoxError>(transfer(from, to, PORTS.fetch_add(1, Relaxed), bytes)?.as_secs_f64());
    let links: Vec<_> = hops.iter().map(|(link, sender, _)| (*link, *sender)).collect();
    repeated(|| {
        let (took, disturbance) = observed(&links, seconds)?;
        let found = format!("{megabits} Mbit/s expected, {:.3} of it", 1.0 / took);
        eprintln!("{:?}: {found}", links[0].0.backend()?);
        // Never more than the rate.
        assert!(1.0 / took < 1.05, "{found}");
        if 1.0 / took >= 0.95 {
            return Ok(Try::Right);
        }
        for (link, sender, _) in hops {
            link.set_condition_from(sender, &Condition::new())?;
        }
        let free = seconds()?;
        for (link, sender, rate) in hops {
            link.set_condition_from(sender, &Condition::new().rate(Rate::megabits(*rate)))?;
        }
        let found = format!("{found}, and {:.3} without a rate", 1.0 / free);
        Ok(if free > 0.5 { Try::TooBusy(found) } else { Try::wrong(found, disturbance) })
    })
}

/// The ports of the transfers.
// netns-lint: allow(literal-port) in the namespaces of a lab, where every port is free
static PORTS: AtomicU16 = AtomicU16::new(5001);

/// Returns how many bytes TCP carries in a second of a rate: 1,448 of each 1,514.
fn bytes_of_a_second(megabits: u64) -> TestResult<usize> {
    Ok(usize::try_from(megabits * 1_000_000 / 8 * 1448 / 1514)?)
}

#[test]
fn a_measurement_is_repeated_only_where_it_was_disturbed() {
    let disturbed = || Try::Disturbed("late".to_owned());
    let run = |mut tries: Vec<Try>| {
        let ended = repeated(|| Ok(tries.remove(0)));
        (ended.map_err(|error| error.to_string()), tries.len())
    };
    assert_eq!(run(vec![disturbed(), Try::Right, Try::Right]), (Ok(true), 1));
    let (wrong, left) = run(vec![disturbed(), Try::Wrong("slow".to_owned()), Try::Right]);
    assert_eq!((wrong, left), (Err("wrong in try 2, which nothing disturbed: slow".to_owned()), 1));
    let (never, left) = run((0..6).map(|_| disturbed()).collect());
    assert_eq!((never, left), (Err("wrong and disturbed in each of 5 tries; in the last one: late".to_owned()), 1));
}

#[test]
fn a_thread_that_watches_ends_with_the_measurement() {
    let ((), woke) = watched(|| thread::sleep(Duration::from_millis(20)));
    assert!(woke.iter().any(|late| !late.is_zero()) && woke.is_sorted(), "a sleep ends after its time: {woke:?}");
    let panicked = std::panic::catch_unwind(|| watched(|| std::panic::resume_unwind(Box::new(()))));
    assert!(panicked.is_err(), "and does not keep a test that fails from ending");
}
