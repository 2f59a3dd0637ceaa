//! Which hosts reach each other, how well, and proof that a firewall works.
//!
//! Copy the file into the `tests` folder of your package. Here, `cargo test -p netns-tests --test examples reachability`
//! runs it.

use std::time::Duration;

use netns_fixtures::prelude::*;
use netns_fixtures::probe::{Absence, PathProtocol, Protocol, matrix};

#[netns_test]
fn everybody_on_the_switch_reaches_everybody(lan: Lan<4>) -> TestResult {
    let report = matrix(&lan.hosts).run()?;
    report.expect_all()?;
    println!("{report}");
    Ok(())
}

/// The firewall under test is a setting of the kernel here; yours is a program or a rule.
#[netns_test]
fn the_server_is_silent_to_pings_and_serves(net: Routed) -> TestResult {
    net.client.ping(&net.server).run()?.expect_all()?;
    net.server.set_sysctl("net.ipv4.icmp_echo_ignore_all", "1")?;

    // Silence could also mean a cut cable: a connection between the same hosts must work.
    let ping = net.client.ping(&net.server).timeout(Duration::from_millis(200));
    ping.expect_unreachable()?.because(Absence::Silence)?;

    let mut web = net.client.connectivity(&net.server, Protocol::Tcp).port(80).start()?;
    web.check()?;
    Ok(())
}

#[netns_test]
fn the_way_leads_through_the_router_and_takes_1500_bytes(net: Routed) -> TestResult {
    let trace = net.client.trace(&net.server).run()?;
    trace.expect_reached()?;
    assert_eq!(trace.routers(), [Some(net.router.ipv4().into())]);
    let search = net.client.path_mtu(&net.server).protocol(PathProtocol::Icmp);
    assert_eq!(search.run()?.mtu, 1500);
    Ok(())
}

/// An outage, as a failover test measures one.
#[netns_test]
async fn a_flap_is_over_soon(net: Pair) -> TestResult {
    net.client.ping(&net.server).run_async().await?.expect_all()?;
    let pinger = net.client.ping(&net.server).interval(Duration::from_millis(10)).start()?;
    net.server.link_down("eth0")?;
    net.server.link_up("eth0")?;
    net.client.ping(&net.server).count(20).timeout(Duration::from_secs(5)).run_async().await?.expect_any()?;
    let report = pinger.stop()?;
    let outage = report.longest_outage().map(|outage| outage.lasting).unwrap_or_default();
    assert!(outage < Duration::from_secs(5), "{outage:?}");
    Ok(())
}
