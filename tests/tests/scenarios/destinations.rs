//! Conditions of some traffic of a link: row 17.

use std::collections::BTreeSet;
use std::error::Error as _;
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

use netns_fixtures::net::address::{AddressPlan, IpNet};
use netns_fixtures::net::condition::{Backend, Condition, ConditionError, Loss, Rate, RelayStatistics, Traffic};
use netns_fixtures::net::{Host, LabError, LinkHandle};
use netns_fixtures::prelude::*;

use crate::traffic::{datagrams, transfer};

const MILLISECOND: Duration = Duration::from_millis(1);
/// Maximum wait for an expected reply.
const PATIENCE: Duration = Duration::from_secs(3);
/// The wait that proves that nothing arrives.
const SILENCE: Duration = Duration::from_millis(300);

/// A client with one interface, and two servers behind it. Only the client's link has conditions, without impairments for now.
struct OneInterface {
    client: Host,
    near: Host,
    far: Host,
    link: LinkHandle,
}

fn one_interface(lab: &mut Lab, backend: Backend) -> TestResult<OneInterface> {
    let [client, near, far] = ["client", "near", "far"].map(|name| lab.host(name));
    let switch = lab.switch("switch");
    lab.link(&client, &switch).condition(Condition::new()).backend(backend);
    for server in [&near, &far] {
        lab.link(server, &switch);
    }
    lab.up()?;
    assert_eq!(client.devices()?.len(), 1);
    let link = lab.link_between(&client, &switch)?;
    Ok(OneInterface { client, near, far, link })
}

fn round_trip(from: &Host, to: impl Into<IpAddr>) -> TestResult<Duration> {
    let to = to.into();
    from.ping(to).count(1).timeout(PATIENCE).run()?.expect_all()?;
    Ok(from.ping(to).timeout(PATIENCE).run()?.expect_all()?.min().ok_or("three replies")?)
}

/// Both addresses of a host.
fn addresses(host: &Host) -> [IpAddr; 2] {
    [host.ipv4().into(), host.ipv6().into()]
}

/// Row 17: a latency for each destination, IPv4 and IPv6.
#[netns_test(requires(conditions))]
fn each_destination_has_the_latency_of_its_own(mut lab: Lab) -> TestResult {
    let OneInterface { client, near, far, link } = one_interface(&mut lab, Backend::Relay)?;
    let late = |milliseconds: u32| Condition::new().latency(milliseconds * MILLISECOND);
    for address in addresses(&far) {
        // One way there, another way back.
        link.set_condition_of(Traffic::to(address), &late(60))?;
        link.set_condition_of(Traffic::from(address), &late(40))?;
    }
    for (near, far) in addresses(&near).into_iter().zip(addresses(&far)) {
        let (to_near, to_far) = (round_trip(&client, near)?, round_trip(&client, far)?);
        assert!(to_near < 50 * MILLISECOND, "{near}: {to_near:?}");
        assert!(to_far >= 100 * MILLISECOND && to_far < 150 * MILLISECOND, "{far}: {to_far:?}");
    }
    // The condition of the link changes for the others only.
    link.set_condition(&late(15))?;
    for (near, far) in addresses(&near).into_iter().zip(addresses(&far)) {
        let (to_near, to_far) = (round_trip(&client, near)?, round_trip(&client, far)?);
        assert!(to_near >= 30 * MILLISECOND && to_near < 80 * MILLISECOND, "{near}: {to_near:?}");
        assert!(to_far >= 100 * MILLISECOND && to_far < 150 * MILLISECOND, "{far}: {to_far:?}");
    }
    Ok(())
}

/// Row 17: the longest prefix decides.
#[netns_test(requires(conditions))]
fn the_longest_prefix_decides_and_neighbours_are_found(mut lab: Lab) -> TestResult {
    let [client, near, far] = ["client", "near", "far"].map(|name| lab.host(name));
    let switch = lab.switch("switch");
    let everything = Condition::new().loss(Loss::percent(100.0));
    let [ipv4, ipv6]: [IpNet; 2] = ["0.0.0.0/0".parse()?, "::/0".parse()?];
    lab.link(&client, &switch)
        .condition_of(Traffic::to(ipv4), everything.clone())
        .condition_of(Traffic::to(ipv6), everything);
    for server in [&near, &far] {
        lab.link(server, &switch);
    }
    lab.up()?;
    let link = lab.link_between(&client, &switch)?;
    for (near, far) in addresses(&near).into_iter().zip(addresses(&far)) {
        let before = link.statistics_from(&client)?.lost;
        for server in [near, far] {
            let lost = client.ping(server).count(2).timeout(SILENCE).run()?;
            assert_eq!(lost.statistics().received, 0, "{server}");
        }
        assert!(
            link.statistics_from(&client)?.lost >= before + 4,
            "the requests reached the relay: neighbours are found"
        );
        // Its own prefix, and its answers, which go to the client.
        let of_client =
            addresses(&client).into_iter().find(|own| own.is_ipv4() == near.is_ipv4()).ok_or("an address")?;
        for traffic in [Traffic::to(near), Traffic::to(of_client)] {
            link.set_condition_of(traffic, &Condition::new())?;
        }
        client.ping(near).timeout(PATIENCE).run()?.expect_all()?;
        let lost = client.ping(far).count(2).timeout(SILENCE).run()?;
        assert_eq!(lost.statistics().received, 0, "{far}");
    }
    Ok(())
}

/// Rows 8, 17: a destination is lost and found while traffic flows.
#[netns_test(requires(conditions))]
fn a_destination_is_lost_and_found_while_traffic_flows(mut lab: Lab) -> TestResult {
    const COUNT: u32 = 300;
    let OneInterface { client, near, far, link } = one_interface(&mut lab, Backend::Relay)?;
    for server in [&near, &far] {
        round_trip(&client, server.addr())?;
    }
    let traffic = Traffic::to(far.addr());
    let lost = Condition::new().loss(Loss::percent(100.0));
    assert_eq!(link.condition_of(traffic)?, None);
    let before = link.statistics_from(&client)?;
    let arrived = thread::scope(|scope| -> TestResult<[Vec<u32>; 2]> {
        let sent = [&near, &far].map(|server| {
            let client = &client;
            scope.spawn(move || {
                let arrivals = datagrams(client, server, COUNT, 100, 2 * MILLISECOND, SILENCE);
                arrivals
                    .map(|arrivals| arrivals.iter().map(|arrival| arrival.number).collect())
                    .map_err(|e| e.to_string())
            })
        });
        // Some have passed, then some are lost, then some pass again.
        let after = |count: u64, of: fn(&RelayStatistics) -> u64, from: u64| {
            wait_until(Deadline::after(PATIENCE), MILLISECOND, || match link.statistics_from(&client) {
                Ok(now) if of(&now) < from + count => ControlFlow::Continue("fewer packets"),
                now => ControlFlow::Break(now),
            })
        };
        after(100, |now| now.passed, before.passed)??;
        link.set_condition_of(traffic, &lost)?;
        assert_eq!(link.condition_of(traffic)?, Some(lost.clone()));
        after(50, |now| now.lost, before.lost)??;
        link.remove_condition_of(traffic)?;
        assert_eq!(link.condition_of(traffic)?, None);
        let [near, far] = sent.map(|sent| sent.join().unwrap_or_else(|_| Err("a sender panicked".to_owned())));
        Ok([near?, far?])
    })?;
    let [near, far] = arrived;
    let lost = u32::try_from(link.statistics_from(&client)?.lost - before.lost)?;
    assert_eq!(near, (0..COUNT).collect::<Vec<_>>(), "the other destination is not disturbed");
    assert!((50..COUNT).contains(&lost), "{lost}");
    assert_eq!(far.len(), usize::try_from(COUNT - lost)?);
    // One gap, in the middle.
    let first = far.iter().zip(0..).take_while(|(number, place)| *number == place).count();
    let expected = (0..COUNT).filter(|number| !(first..first + lost as usize).contains(&(*number as usize)));
    assert_eq!(far, expected.collect::<Vec<_>>());
    Ok(())
}

/// Rows 10, 17: one seed, one fate of the packets of a destination.
#[netns_test(requires(conditions))]
fn one_seed_is_one_fate_of_the_packets_of_a_destination(mut lab: Lab) -> TestResult {
    const COUNT: u32 = 200;
    let OneInterface { client, near, far, link } = one_interface(&mut lab, Backend::Relay)?;
    for server in [&near, &far] {
        round_trip(&client, server.addr())?;
    }
    let run = |seed: u64, with_others: bool| -> TestResult<BTreeSet<u32>> {
        let lossy = Condition::new().loss(Loss::percent(30.0)).seed(seed);
        link.set_condition_of(Traffic::to(far.addr()), &lossy)?;
        thread::scope(|scope| {
            let others = with_others.then(|| {
                scope.spawn(|| {
                    let all = datagrams(&client, &near, COUNT, 100, MILLISECOND, SILENCE);
                    all.map(|all| all.len()).map_err(|error| format!("{error:#}"))
                })
            });
            let arrivals = datagrams(&client, &far, COUNT, 100, MILLISECOND, SILENCE)?;
            if let Some(others) = others {
                assert_eq!(others.join().map_err(|_| "the sender panicked")??, COUNT as usize);
            }
            Ok(arrivals.iter().map(|arrival| arrival.number).collect())
        })
    };
    let first = run(7, false)?;
    assert!((100..180).contains(&first.len()), "{}", first.len());
    assert_eq!(first, run(7, true)?, "packets to other destinations do not count");
    assert_ne!(first, run(8, false)?);
    Ok(())
}

/// Rows 5, 17: a rate and a queue for each destination.
#[netns_test(requires(conditions))]
fn each_destination_has_a_rate_and_a_queue_of_its_own(mut lab: Lab) -> TestResult {
    let OneInterface { client, near, far, link } = one_interface(&mut lab, Backend::Relay)?;
    link.set_condition_of(Traffic::to(far.addr()), &Condition::new().rate(Rate::megabits(2)))?;
    // 250,000 bytes take a second at that rate.
    let (to_near, to_far) = (transfer(&client, &near, 80, 250_000)?, transfer(&client, &far, 80, 250_000)?);
    assert!(to_near < 500 * MILLISECOND, "{to_near:?}");
    assert!(to_far > 900 * MILLISECOND && to_far < 2000 * MILLISECOND, "{to_far:?}");
    Ok(())
}

/// Rows 13, 17: a cut cuts every destination.
#[netns_test(requires(conditions))]
fn a_cut_cuts_every_destination(mut lab: Lab) -> TestResult {
    let OneInterface { client, near, far, link } = one_interface(&mut lab, Backend::Relay)?;
    let late = Condition::new().latency(40 * MILLISECOND);
    link.set_condition_of(Traffic::to(far.addr()), &late)?;
    for server in [&near, &far] {
        round_trip(&client, server.addr())?;
    }
    link.cut_from(&client)?;
    for server in [&near, &far] {
        let lost = client.ping(server.addr()).count(2).timeout(SILENCE).run()?;
        assert_eq!(lost.statistics().received, 0);
    }
    // Also traffic that has its condition since the cut.
    link.set_condition_of(Traffic::to(near.addr()), &late)?;
    assert_eq!(client.ping(near.addr()).count(2).timeout(SILENCE).run()?.statistics().received, 0);
    link.restore()?;
    for server in [&near, &far] {
        let trip = round_trip(&client, server.addr())?;
        assert!(trip >= 40 * MILLISECOND && trip < 80 * MILLISECOND, "{trip:?}");
    }
    Ok(())
}

/// Returns the error of a condition, by its link and direction.
fn condition_error(error: &netns_fixtures::Error) -> Option<(&str, &ConditionError)> {
    match error.downcast_ref() {
        Some(LabError::Condition { link, source, .. }) => Some((link, source)),
        _ => None,
    }
}

/// Row 17: conditions of destinations that cannot be, with their reason.
#[netns_test(requires(conditions))]
fn conditions_of_traffic_that_cannot_be_are_named(mut lab: Lab) -> TestResult {
    let OneInterface { client, far, link, .. } = one_interface(&mut lab, Backend::Relay)?;
    let traffic = Traffic::to(far.addr());
    let wrong = Condition::new().loss(Loss::percent(f64::NAN));
    let refused = link.set_condition_of(traffic, &wrong).expect_err("not a share");
    let (of, source) = condition_error(&refused).ok_or("the error of a condition")?;
    assert_eq!(of, "client-switch");
    assert!(matches!(source, ConditionError::OfTraffic { traffic: of, .. } if *of == traffic), "{source}");
    let bound = source.source().ok_or("a source")?.to_string();
    assert!(bound.contains("NaN") && bound.contains("100%"), "{bound}");
    let refused = link.remove_condition_of(traffic).expect_err("it has none");
    let (_, source) = condition_error(&refused).ok_or("the error of a condition")?;
    assert!(matches!(source, ConditionError::NoSuchTraffic { .. }), "{source}");
    for number in 0..64 {
        link.set_condition_of(Traffic::to(IpAddr::from([192, 0, 2, number])), &Condition::new())?;
    }
    let refused = link.set_condition_of(traffic, &Condition::new()).expect_err("too many");
    let (_, source) = condition_error(&refused).ok_or("the error of a condition")?;
    assert!(matches!(source, ConditionError::TooManyOfTraffic { count: 65, most: 64 }), "{source}");
    // The refused ones changed nothing.
    assert_eq!(link.condition_of(traffic)?, None);
    let trip = round_trip(&client, far.addr())?;
    assert!(trip < 50 * MILLISECOND, "{trip:?}");

    let mut other = Lab::new(&AddressPlan::default(), Deadline::after(PATIENCE));
    let [a, b] = ["a", "b"].map(|name| other.host(name));
    other.link(&a, &b).condition_of(traffic, wrong);
    let refused = other.up().expect_err("not a share");
    let (of, source) = condition_error(&refused).ok_or("the error of a condition")?;
    assert!(of == "a-b" && matches!(source, ConditionError::OfTraffic { .. }), "{of}: {source}");
    Ok(())
}

/// Row 17: a link changes from netem to the relay for a destination.
#[netns_test(requires(netem_conditions, conditions))]
fn a_link_of_netem_changes_to_the_relay_for_a_destination(mut lab: Lab) -> TestResult {
    let OneInterface { client, near, far, link } = one_interface(&mut lab, Backend::Automatic)?;
    assert_eq!(link.backend()?, Backend::Netem);
    link.set_condition_of(Traffic::to(far.addr()), &Condition::new().latency(60 * MILLISECOND))?;
    assert_eq!(link.backend()?, Backend::Relay);
    let (to_near, to_far) = (round_trip(&client, near.addr())?, round_trip(&client, far.addr())?);
    assert!(to_near < 50 * MILLISECOND && to_far >= 60 * MILLISECOND, "{to_near:?} and {to_far:?}");
    Ok(())
}

/// Row 17: netem is refused where it was demanded for a destination.
#[netns_test(requires(netem_conditions))]
fn netem_is_refused_where_it_was_demanded_for_a_destination(mut lab: Lab) -> TestResult {
    let OneInterface { far, link, .. } = one_interface(&mut lab, Backend::Netem)?;
    let traffic = Traffic::to(far.addr());
    let refused = link.set_condition_of(traffic, &Condition::new()).expect_err("it looks at no addresses");
    let (_, source) = condition_error(&refused).ok_or("the error of a condition")?;
    assert!(matches!(source, ConditionError::Netem { .. }), "{source}");
    assert_eq!((link.backend()?, link.condition_of(traffic)?), (Backend::Netem, None));
    Ok(())
}
