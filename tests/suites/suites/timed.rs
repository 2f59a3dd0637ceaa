//! Tests that print the lengths of deadlines and timeouts. `configuration.rs` runs them with different factors.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use netns_fixtures::net::condition::Condition;
use netns_fixtures::prelude::*;
use netns_fixtures::probe::PathProtocol;
use netns_fixtures::time::{Deadline, wait_until};

/// The deadline of the test, as a fixture sees it.
struct Own(Deadline);

impl Fixture for Own {
    fn set_up(context: &TestContext) -> TestResult<Self> {
        Ok(Self(context.deadline()))
    }
}

#[netns_test(deadline = "20s")]
fn own_deadline(own: Own) {
    println!("the test's own milliseconds: {}", own.0.remaining().as_millis());
    println!("a wait's milliseconds: {}", Deadline::after(Duration::from_secs(20)).remaining().as_millis());
}

#[netns_test]
fn slow_link(mut lab: Lab) -> TestResult {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    lab.link(&a, &b).conditions(Condition::new().latency(Duration::from_millis(300)), Condition::new());
    lab.up()?;
    // Resolves the address at the link.
    a.ping(&b).count(1).timeout(Duration::from_secs(10)).run()?.expect_all()?;
    let report = a.ping(&b).count(1).timeout(Duration::from_millis(100)).run()?;
    println!("replies: {}", report.statistics().received);
    Ok(())
}

#[netns_test]
fn silent_path(mut lab: Lab) -> TestResult {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    lab.link(&a, &b).condition(Condition::new());
    lab.up()?;
    a.ping(&b).run()?.expect_all()?;
    lab.link_between(&a, &b)?.cut()?;
    for protocol in [PathProtocol::Udp, PathProtocol::Icmp] {
        let (began, end) = (Instant::now(), Deadline::after(Duration::from_millis(200)));
        let trace = a.trace(&b).protocol(protocol).timeout(Duration::from_secs(5)).deadline(end);
        // The result depends on the moment: silence, or the error of the deadline.
        drop(trace.run());
        println!("milliseconds of {protocol:?}: {}", began.elapsed().as_millis());
    }
    Ok(())
}

#[netns_test]
fn times_out() -> TestResult {
    Ok(wait_until(Deadline::after(Duration::from_millis(1)), Duration::from_millis(1), || {
        ControlFlow::<(), _>::Continue("nothing")
    })?)
}
