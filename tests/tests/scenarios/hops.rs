//! Several links with conditions in a row, and links whose directions differ, with both backends.

use std::time::Duration;

use netns_fixtures::net::condition::{Backend, Condition, Rate};
use netns_fixtures::prelude::*;

use crate::link_conditions::{assert_about, round_trip};
use crate::traffic::transfer;

const MILLISECOND: Duration = Duration::from_millis(1);

/// The latencies of three links in a row add up.
fn chain(lab: &mut Lab, backend: Backend) -> TestResult {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    let [first, second] = ["first", "second"].map(|name| lab.router(name));
    let condition = Condition::new().latency(10 * MILLISECOND);
    lab.link(&a, &first).condition(condition.clone()).backend(backend);
    lab.link(&first, &second).condition(condition.clone()).backend(backend);
    lab.link(&second, &b).condition(condition).backend(backend);
    lab.gateway(&a, &first);
    lab.gateway(&first, &second);
    lab.gateway(&second, &first);
    lab.gateway(&b, &second);
    lab.up()?;
    assert_about(round_trip(&a, &b)?, 60 * MILLISECOND);
    Ok(())
}

#[netns_test]
fn latencies_of_a_chain_add_up(mut lab: Lab) -> TestResult {
    chain(&mut lab, Backend::Relay)
}

#[netns_test(requires(netem_conditions))]
fn latencies_of_a_chain_add_up_by_netem(mut lab: Lab) -> TestResult {
    chain(&mut lab, Backend::Netem)
}

/// TCP gets the rate of the slowest link.
fn slowest(lab: &mut Lab, backend: Backend) -> TestResult {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    let middle = lab.router("middle");
    lab.link(&a, &middle).condition(Condition::new().rate(Rate::megabits(40))).backend(backend);
    lab.link(&middle, &b).condition(Condition::new().rate(Rate::megabits(10))).backend(backend);
    lab.gateway(&a, &middle);
    lab.gateway(&b, &middle);
    lab.up()?;
    let bytes = 2_500_000;
    let took = transfer(&a, &b, 5001, bytes)?;
    // 10 Mbit/s carry 1,448 bytes of each 1,514.
    let ideal = Duration::from_micros(u64::try_from(bytes * 1514 / 1448 * 8 / 10)?);
    assert!(took > ideal.mul_f64(0.95) && took < ideal.mul_f64(1.3), "{took:?} instead of {ideal:?}");
    Ok(())
}

#[netns_test(deadline = "60s")]
fn a_rate_caps_tcp_and_the_slowest_hop_counts(mut lab: Lab) -> TestResult {
    slowest(&mut lab, Backend::Relay)
}

#[netns_test(requires(netem_conditions), deadline = "60s")]
fn a_rate_of_netem_caps_tcp_and_the_slowest_hop_counts(mut lab: Lab) -> TestResult {
    slowest(&mut lab, Backend::Netem)
}

/// Each direction has its own rate.
fn asymmetric(lab: &mut Lab, backend: Backend) -> TestResult {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    let [up, down] = [2, 50].map(|megabits| Condition::new().rate(Rate::megabits(megabits)));
    lab.link(&a, &b).conditions(up, down).backend(backend);
    lab.up()?;
    let (up, down) = (transfer(&a, &b, 5001, 250_000)?, transfer(&b, &a, 5002, 250_000)?);
    assert!(up > 5 * down, "{up:?} up, {down:?} down");
    Ok(())
}

#[netns_test]
fn rates_of_the_two_directions_differ(mut lab: Lab) -> TestResult {
    asymmetric(&mut lab, Backend::Relay)
}

#[netns_test(requires(netem_conditions))]
fn rates_of_the_two_directions_differ_by_netem(mut lab: Lab) -> TestResult {
    asymmetric(&mut lab, Backend::Netem)
}
