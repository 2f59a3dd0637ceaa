//! The path of packets and its MTU, compared with the networks that the test built.

#![forbid(unsafe_code)]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use netns_fixtures::Error;
use netns_fixtures::net::address::IpNet;
use netns_fixtures::prelude::*;
use netns_fixtures::probe::{HopAnswer, IcmpErrorKind, PathProtocol, ProbeError, Unreachable};
use netns_tests::nft::{clear, on_input, on_output};

const BOTH: [PathProtocol; 2] = [PathProtocol::Udp, PathProtocol::Icmp];
const SHORT: Duration = Duration::from_millis(300);

/// Two ends with three routers in a row between them.
struct Row {
    client: Host,
    routers: Vec<Host>,
    server: Host,
    _lab: Lab,
}

impl Fixture for Row {
    fn set_up(context: &TestContext) -> TestResult<Self> {
        let mut lab = Lab::set_up(context)?;
        let [client, server] = ["client", "server"].map(|name| lab.host(name));
        let routers: Vec<_> = (0..3).map(|i| lab.router(format!("router{i}"))).collect();
        lab.link(&client, &routers[0]);
        lab.link(&routers[0], &routers[1]);
        lab.link(&routers[1], &routers[2]).mtu(1400);
        lab.link(&routers[2], &server);
        lab.gateway(&client, &routers[0]);
        lab.gateway(&routers[0], &routers[1]);
        lab.gateway(&routers[1], &routers[2]);
        lab.gateway(&server, &routers[2]);
        lab.up()?;
        // Otherwise each router sends a host one error a second after the first six; source: icmp(7).
        for host in routers.iter().chain([&server]) {
            host.set_sysctl("net.ipv4.icmp_ratemask", "0")?;
        }
        // The return routes: each router knows the networks behind the previous one.
        for (i, router) in routers.iter().enumerate().skip(1) {
            let previous = &routers[i - 1];
            for net in client.device("eth0")?.addresses.iter().chain(&routers[0].device("eth1")?.addresses) {
                let is_own = router.device("eth0")?.addresses.iter().any(|own| own.network() == net.network());
                let gateway = previous
                    .device("eth1")?
                    .addresses
                    .iter()
                    .map(IpNet::addr)
                    .find(|of| of.is_ipv4() == net.addr().is_ipv4());
                if let (false, Some(gateway)) = (is_own, gateway) {
                    router.add_route(net.trunc(), gateway)?;
                }
            }
        }
        Ok(Self { client, routers, server, _lab: lab })
    }
}

/// Returns the addresses of the routers on their sides to the client.
fn facing(row: &Row, ipv4: bool) -> TestResult<Vec<Option<IpAddr>>> {
    let address = |router: &Host| -> TestResult<_> {
        Ok(router.device("eth0")?.addresses.iter().map(IpNet::addr).find(|address| address.is_ipv4() == ipv4))
    };
    row.routers.iter().map(address).collect()
}

#[netns_test]
fn every_router_is_found_in_its_place(row: Row) -> TestResult {
    for protocol in BOTH {
        for ipv6 in [false, true] {
            let trace = row.client.trace(&row.server).protocol(protocol);
            let report = if ipv6 { trace.ipv6() } else { trace }.run()?;
            report.expect_reached()?;
            assert_eq!(report.routers(), facing(&row, !ipv6)?, "{protocol:?}");
            assert_eq!(report.hops.len(), 4);
        }
    }
    // The control: there is no router on the same link, and the last router reports that it has no route.
    assert_eq!(row.client.trace(&row.routers[0]).run()?.routers(), []);
    Ok(())
}

#[netns_test]
fn a_path_that_ends_reports_where_and_why(row: Row) -> TestResult {
    let nowhere = Ipv4Addr::new(203, 0, 113, 1);
    for protocol in BOTH {
        let report = row.client.trace(nowhere).protocol(protocol).run()?;
        let last = report.hops.last().ok_or("no hops")?;
        // The third router has no default route.
        let from = facing(&row, true)?[2];
        assert_eq!(
            (last.number, last.answer),
            (3, HopAnswer::Failed { from, kind: IcmpErrorKind::Unreachable(Unreachable::Network) })
        );
        let error = format!("{:#}", report.expect_reached().unwrap_err());
        assert!(error.contains("3: network unreachable from"), "{error}");
    }
    // A silent router is a gap.
    on_output(&row.routers[1], "icmp type time-exceeded drop")?;
    for protocol in BOTH {
        let report = row.client.trace(&row.server).protocol(protocol).timeout(SHORT).run()?;
        report.expect_reached()?;
        let facing = facing(&row, true)?;
        assert_eq!(report.routers(), [facing[0], None, facing[2]]);
    }
    // A router that replies after the timeout is not found.
    let report = row.client.trace(&row.server).max_hops(2).timeout(SHORT).run()?;
    assert!(!report.is_reached());
    Ok(())
}

#[netns_test]
fn the_smallest_link_decides_the_mtu(row: Row) -> TestResult {
    let told_by = facing(&row, true)?[1];
    for protocol in BOTH {
        for ipv6 in [false, true] {
            let search = row.client.path_mtu(&row.server).protocol(protocol);
            let report = if ipv6 { search.ipv6() } else { search }.run()?;
            assert_eq!(report.mtu, 1400, "{protocol:?}");
            assert!(!report.has_black_hole(), "{protocol:?} {ipv6}: {:?}", report.steps);
            let told: Vec<_> = report.steps.iter().filter_map(|step| step.too_big).collect();
            assert_eq!(told.len(), 2, "the host's own kernel, then the router: {told:?}");
            assert_eq!(told[0], (None, 1500));
            assert_eq!(told[1].1, 1400);
            if !ipv6 {
                assert_eq!(told[1].0, told_by);
            }
        }
    }
    row.routers[2].set_mtu("eth1", 1300)?;
    assert_eq!(row.client.path_mtu(&row.server).run()?.mtu, 1300);
    assert_eq!(row.client.path_mtu(&row.routers[0]).run()?.mtu, 1500);
    Ok(())
}

#[netns_test]
fn a_black_hole_is_measured_by_halves(row: Row) -> TestResult {
    on_output(&row.routers[1], "icmp type destination-unreachable icmp code frag-needed drop")?;
    let report = row.client.path_mtu(&row.server).protocol(PathProtocol::Icmp).timeout(SHORT).attempts(1).run()?;
    assert_eq!(report.mtu, 1400);
    assert!(report.has_black_hole());
    clear(&row.routers[1])?;
    // No packet arrives: the error does not name an MTU.
    on_input(&row.server, "meta l4proto { icmp, udp } drop")?;
    for protocol in BOTH {
        let error = row.client.path_mtu(&row.server).protocol(protocol).timeout(SHORT).run().unwrap_err();
        assert!(matches!(error.downcast_ref(), Some(ProbeError::Mismatch { .. })), "{error}");
    }
    Ok(())
}

fn probe_error<T: std::fmt::Debug>(answer: Result<T, Error>) -> ProbeError {
    let error = answer.unwrap_err();
    error.downcast_ref::<ProbeError>().unwrap_or_else(|| panic!("{error}")).clone()
}

#[netns_test]
fn an_impossible_trace_is_an_error(net: Pair, mut lab: Lab) -> TestResult {
    let alone = lab.host("alone");
    lab.up()?;
    for protocol in BOTH {
        assert!(matches!(probe_error(alone.trace(&net.server).protocol(protocol).run()), ProbeError::NoRoute { .. }));
        assert!(matches!(
            probe_error(alone.path_mtu(&net.server).protocol(protocol).run()),
            ProbeError::NoRoute { .. }
        ));
        let device = net.client.trace(&net.server).protocol(protocol).device("eth9").run();
        assert!(matches!(probe_error(device), ProbeError::NoSuchDevice { .. }));
    }
    let trace = || net.client.trace(&net.server);
    assert!(matches!(probe_error(trace().max_hops(0).run()), ProbeError::OutOfRange { .. }));
    assert!(matches!(probe_error(trace().attempts(0).run()), ProbeError::OutOfRange { .. }));
    assert!(matches!(probe_error(trace().timeout(Duration::ZERO).run()), ProbeError::NoTimeout));
    assert!(matches!(probe_error(net.client.path_mtu(&net.server).attempts(0).run()), ProbeError::OutOfRange { .. }));
    assert!(matches!(probe_error(net.client.path_mtu(&alone).run()), ProbeError::NoAddress { .. }));
    Ok(())
}

/// A search that would outlast its test reports before the test is killed.
#[netns_test(deadline = "4s")]
fn a_search_ends_before_the_deadline_of_its_test(net: Pair) -> TestResult {
    net.server.set_sysctl("net.ipv4.icmp_echo_ignore_all", "1")?;
    let search = net.client.path_mtu(&net.server).protocol(PathProtocol::Icmp).attempts(255);
    assert!(matches!(probe_error(search.run()), ProbeError::Timeout { .. }));
    Ok(())
}
