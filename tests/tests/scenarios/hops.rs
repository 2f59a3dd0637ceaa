//! Several links with conditions in a row, and links whose directions differ, with both backends.

use std::time::Duration;

use netns_fixtures::net::condition::{Backend, Condition, Rate};
use netns_fixtures::prelude::*;

use crate::link_conditions::expect_round_trip;
use crate::measured::expect_rate;

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
    expect_round_trip(&a, &b, 60 * MILLISECOND)?;
    Ok(())
}

/// Row 1: a chain of three links.
#[netns_test(requires(conditions))]
fn latencies_of_a_chain_add_up(mut lab: Lab) -> TestResult {
    chain(&mut lab, Backend::Relay)
}

/// Row 1: a chain of three links, by netem.
#[netns_test(requires(netem_conditions))]
fn latencies_of_a_chain_add_up_by_netem(mut lab: Lab) -> TestResult {
    chain(&mut lab, Backend::Netem)
}

/// TCP gets the rate of the slowest link, within 5%.
fn slowest(lab: &mut Lab, backend: Backend) -> TestResult {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    let middle = lab.router("middle");
    lab.link(&a, &middle).condition(Condition::new().rate(Rate::megabits(40))).backend(backend);
    lab.link(&middle, &b).condition(Condition::new().rate(Rate::megabits(10))).backend(backend);
    lab.gateway(&a, &middle);
    lab.gateway(&b, &middle);
    lab.up()?;
    let (first, second) = (lab.link_between(&a, &middle)?, lab.link_between(&middle, &b)?);
    expect_rate(&[(&first, &a, 40), (&second, &middle, 10)], [&a, &b], 10)?;
    Ok(())
}

/// Row 5: rates; the slowest hop counts.
#[netns_test(requires(conditions), deadline = "60s")]
fn a_rate_caps_tcp_and_the_slowest_hop_counts(mut lab: Lab) -> TestResult {
    slowest(&mut lab, Backend::Relay)
}

/// Row 5: rates by netem; the slowest hop counts.
#[netns_test(requires(netem_conditions), deadline = "60s")]
fn a_rate_of_netem_caps_tcp_and_the_slowest_hop_counts(mut lab: Lab) -> TestResult {
    slowest(&mut lab, Backend::Netem)
}

/// Each direction has its own rate, within 5%.
fn asymmetric(lab: &mut Lab, backend: Backend) -> TestResult {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    let [up, down] = [2, 20].map(|megabits| Condition::new().rate(Rate::megabits(megabits)));
    lab.link(&a, &b).conditions(up, down).backend(backend);
    lab.up()?;
    let link = lab.link_between(&a, &b)?;
    if expect_rate(&[(&link, &a, 2)], [&a, &b], 2)? {
        expect_rate(&[(&link, &b, 20)], [&b, &a], 20)?;
    }
    Ok(())
}

/// Row 5: asymmetric rates.
#[netns_test(requires(conditions))]
fn rates_of_the_two_directions_differ(mut lab: Lab) -> TestResult {
    asymmetric(&mut lab, Backend::Relay)
}

/// Row 5: asymmetric rates by netem.
#[netns_test(requires(netem_conditions))]
fn rates_of_the_two_directions_differ_by_netem(mut lab: Lab) -> TestResult {
    asymmetric(&mut lab, Backend::Netem)
}
