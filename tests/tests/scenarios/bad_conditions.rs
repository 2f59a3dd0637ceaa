//! Conditions that no link can have: the error names link, direction, value and bound, and the link stays as it was.

use std::time::Duration;

use netns_fixtures::net::Lab;
use netns_fixtures::net::address::AddressPlan;
use netns_fixtures::net::condition::{ActiveQueue, Condition, Jitter, Loss, Queue, Rate, Step, Trace};
use netns_fixtures::prelude::*;

use crate::link_conditions::{MILLISECOND, expect_round_trip, two};

const SECOND: Duration = Duration::from_secs(1);

/// Conditions that are wrong, each with the value and the bound that the error names.
fn wrong() -> Vec<(Condition, &'static str)> {
    let new = Condition::new;
    let at = |seconds| Step { at: seconds * SECOND, ..Step::default() };
    vec![
        (new().latency(7200 * SECOND), "the latency is 7200s; the most is 3600s"),
        (
            new().latency(SECOND).jitter(Jitter::Normal(2 * SECOND)),
            "a normal jitter of 2s reaches below zero from a latency of 1s; raise the latency or lower the jitter",
        ),
        (new().loss(Loss::percent(120.0)), "the loss is 120%; it must be 0% to 100%"),
        (new().loss(Loss::percent(-1.0)), "the loss is -1%; it must be 0% to 100%"),
        (new().loss(Loss::percent(f64::NAN)), "the loss is NaN%; it must be 0% to 100%"),
        (
            new().loss(Loss::bursts(80.0, 3.0)),
            "bursts of 3 packets on average lose 75% at most, and the loss is 80%; make the bursts longer, or for 100% use `Loss::percent`",
        ),
        (new().corrupt_percent(200.0), "the share of corrupted packets is 200%; it must be 0% to 100%"),
        (new().rate(Rate::bits(0)), "the rate is 0 bit/s; the least is 1000 bit/s"),
        (new().rate(Rate::megabits(401)), "the rate is 401000000 bit/s; the most is 400000000 bit/s"),
        (
            new().rate(Rate::megabits(400)).latency(2 * SECOND),
            "with latency 2s, rate 400 Mbit/s the link holds 105000000 bytes in its queue and on their way; the relay of a link holds 67108864 bytes at \
             most; lower the rate, the latency or the queue",
        ),
        (
            new().rate(Rate::megabits(1)).queue(Queue::Bytes(100)),
            "the queue holds 100 bytes; the least is 1514 bytes, one packet",
        ),
        (
            new().queue(Queue::Bytes(3000)),
            "the condition `queue 3000 bytes` has no rate, and without one no packet ever waits in a queue; set `Condition::rate` too",
        ),
        (
            new().rate(Rate::megabits(1)).active_queue(ActiveQueue::red(2000, 12_500)),
            "the most length of the active queue is 12500 bytes; it must be below the length of the queue, 12500 bytes",
        ),
        (
            new().reorder_percent(1.0),
            "the condition `reorder 1%` has no latency, and without one no packet can overtake another; set `Condition::latency` too",
        ),
        (new().slots(2 * SECOND, SECOND), "slots are 2s to 1s apart; the least must be above 0 and not above the most"),
        (new().trace(Trace::steps([])), "the trace is empty; it needs one step or one delivery opportunity"),
        (
            new().trace(Trace::steps([at(0), at(2), at(1)])),
            "the trace does not go forward in time: entry 3 is at 1s, the one before it at 2s",
        ),
        (new().trace(Trace::steps([at(1), at(2)])), "the trace starts at 1s; its first step must be at 0"),
    ]
}

/// Rows 1, 3: conditions that cannot be, with link, direction, value and bound.
#[netns_test]
fn a_wrong_condition_is_named_with_link_direction_value_and_bound() {
    for (condition, reason) in wrong() {
        for (is_first, from, to) in [(true, "a", "b"), (false, "b", "a")] {
            let mut lab = Lab::new(&AddressPlan::default(), Deadline::after(10 * SECOND));
            let [a, b] = ["a", "b"].map(|name| lab.host(name));
            let (wrong, fine) = (condition.clone(), Condition::new());
            let conditions = if is_first { (wrong, fine) } else { (fine, wrong) };
            lab.link(&a, &b).conditions(conditions.0, conditions.1);
            let expected = format!("the condition of the link \"a-b\" from {from:?} to {to:?} is wrong: {reason}");
            assert_eq!(lab.up().expect_err(reason).to_string(), expected);
        }
    }
}

/// Row 8: a change to a condition that cannot be is refused, and changes nothing.
#[netns_test(requires(conditions))]
fn a_change_to_a_wrong_condition_is_refused_and_changes_nothing(mut lab: Lab) -> TestResult {
    let (a, b, link) = two(&mut lab, &Condition::new().latency(20 * MILLISECOND))?;
    for (condition, reason) in wrong() {
        for (host, from, to) in [(&a, "a", "b"), (&b, "b", "a")] {
            let refused = link.set_condition_from(host, &condition).expect_err(reason);
            let expected = format!("the condition of the link \"a-b\" from {from:?} to {to:?} is wrong: {reason}");
            assert_eq!(refused.to_string(), expected);
        }
    }
    expect_round_trip(&a, &b, 40 * MILLISECOND)
}
