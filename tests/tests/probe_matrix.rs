//! Pings between all pairs of many hosts.

#![forbid(unsafe_code)]

use std::time::Duration;

use netns_fixtures::net::address::AddressPlan;
use netns_fixtures::prelude::*;
use netns_fixtures::probe::{MatrixCell, ProbeError, matrix};

const SHORT: Duration = Duration::from_millis(300);

#[netns_test]
fn all_pairs_are_asked_and_the_counters_agree(lan: Lan<5>) -> TestResult {
    for ipv6 in [false, true] {
        let all = matrix(&lan.hosts).count(3);
        let report = if ipv6 { all.ipv6() } else { all }.run()?;
        report.expect_all()?;
        assert_eq!(report.reached(), 20);
    }
    for host in &lan.hosts {
        // Three requests and three replies to each of four others, over both families.
        let counted = host.statistics("eth0")?.rx_packets;
        assert!(counted >= 48, "{}: {counted}", host.name());
    }
    Ok(())
}

#[netns_test]
fn an_unreachable_host_shows_in_the_table_and_in_the_assertion(mut lab: Lab) -> TestResult {
    let hosts = ["a", "b", "c", "d"].map(|name| lab.host(name));
    let [a, b, c, d] = &hosts;
    let switch = lab.switch("switch");
    for host in [a, b, c] {
        lab.link(host, switch.as_host());
    }
    // A host without any route to or from it.
    let other = lab.host("other");
    lab.link(d, &other);
    lab.up()?;
    c.set_sysctl("net.ipv4.icmp_echo_ignore_all", "1")?;
    let report = matrix(&hosts).timeout(SHORT).run()?;
    let among = |host: &Host, names: &[&str]| names.contains(&host.name());
    report.expect(|from, to| among(from, &["a", "b", "c"]) && among(to, &["a", "b"]))?;
    assert_eq!(report.get(a, c), Some(&MatrixCell::Silent));
    assert_eq!(report.get(a, d), Some(&MatrixCell::NoRoute));
    assert!(matches!(report.get(c, a), Some(MatrixCell::Reached { .. })));
    assert_eq!((report.get(a, a), report.get(a, &other)), (None, None));

    let error = format!("{:?}", report.expect_all().unwrap_err());
    for part in ["a to c: silent", "d to a: no route", "from \\ to"] {
        assert!(error.contains(part), "{part} in {error}");
    }
    let wrong = format!("{:#}", report.expect(|_, to| among(to, &["a", "b"])).unwrap_err());
    assert!(wrong.contains("d to b: no route"), "{wrong}");

    let text = report.to_string();
    let rows: Vec<Vec<&str>> =
        text.lines().map(|line| line.split("  ").filter(|cell| !cell.is_empty()).collect()).collect();
    assert_eq!(rows[0].iter().map(|cell| cell.trim()).collect::<Vec<_>>(), ["from \\ to", "a", "b", "c", "d"]);
    assert_eq!(
        rows[4].iter().map(|cell| cell.trim()).collect::<Vec<_>>(),
        ["d", "no route", "no route", "no route", "-"]
    );
    let markdown = report.markdown();
    let lines: Vec<_> = markdown.lines().collect();
    assert_eq!((lines.len(), lines[1]), (6, "|---|---|---|---|---|"));
    assert_eq!(lines[5], "| d | no route | no route | no route | - |");
    Ok(())
}

#[netns_test]
fn nothing_reached_proves_nothing(lan: Lan<3>) -> TestResult {
    for host in &lan.hosts {
        host.set_sysctl("net.ipv4.icmp_echo_ignore_all", "1")?;
    }
    let report = matrix(&lan.hosts).timeout(SHORT).run()?;
    let error = report.expect(|_, _| false).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(ProbeError::ControlFailed { .. })), "{error}");
    for few in [&lan.hosts[..0], &lan.hosts[..1]] {
        let error = matrix(few).run().unwrap_err();
        assert!(matches!(error.downcast_ref(), Some(ProbeError::NoPairs { .. })), "{error}");
    }
    Ok(())
}

#[netns_test]
fn fifty_hosts_reach_each_other() -> TestResult {
    let mut lab = Lab::new(&AddressPlan::default(), Deadline::after(Duration::from_secs(20)));
    let switch = lab.switch("switch");
    let hosts: Vec<_> = (0..50).map(|i| lab.host(format!("host{i}"))).collect();
    for host in &hosts {
        lab.link(host, switch.as_host());
    }
    lab.up()?;
    let report = matrix(&hosts).timeout(Duration::from_secs(10)).run()?;
    report.expect_all()?;
    assert_eq!(report.reached(), 2450);
    // The hosts forgot what they learned: the machine's neighbour table has room for fewer entries.
    for host in &hosts {
        assert_eq!(host.neighbours()?, [], "{}", host.name());
    }
    Ok(())
}
