//! Services that are absent, and data that arrives wrongly, each with a control.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use netns_fixtures::prelude::*;
use netns_fixtures::probe::{Absence, ProbeError, Protocol};
use netns_tests::nft::{clear, on_input};

use super::{BOTH, SHORT, name};

#[netns_test]
fn absence_is_proved_by_a_control_that_works(net: Pair) -> TestResult {
    let mut tester = net.client.connectivity(&net.server, Protocol::Tcp).port(4000).timeout(SHORT).start()?;
    let there = format!("{:?}", tester.expect_unreachable().unwrap_err());
    assert!(there.contains("found data in both directions") && there.contains("\"server\":"), "{there}");
    assert!(there.contains("TCP") && there.contains("> 4000 SYN"), "{there}");
    // A failed check shows the same details.
    on_input(&net.server, "tcp dport 4000 drop")?;
    tester.respawn()?;
    let filtered = format!("{:?}", tester.check().unwrap_err());
    for part in ["no answer", "\"client\":", "routes:", "is at ", "eth0: ", "> 4000 SYN"] {
        assert!(filtered.contains(part), "{part} in {filtered}");
    }
    clear(&net.server)?;
    // All ports: the control on another port fails as well, so nothing is proved.
    on_input(&net.server, "meta l4proto tcp drop")?;
    tester.respawn()?;
    let broken = tester.expect_unreachable().unwrap_err();
    assert!(matches!(broken.downcast_ref(), Some(ProbeError::ControlFailed { .. })), "{broken}");
    // A control with another protocol proves it: UDP passes.
    let mut udp = net.client.connectivity(&net.server, Protocol::Udp).start()?;
    tester.expect_unreachable_with_control(&mut udp)?.because(Absence::Silence)?;
    clear(&net.server)?;
    // The same for a ping, whose own control is a connection.
    on_input(&net.server, "meta l4proto icmp drop")?;
    net.client.ping(&net.server).timeout(SHORT).expect_unreachable()?.because(Absence::Silence)?;
    let address = net.client.ping(net.server.ipv4()).timeout(SHORT).expect_unreachable().unwrap_err();
    assert!(matches!(address.downcast_ref(), Some(ProbeError::NoControl { .. })), "{address}");
    on_input(&net.server, "meta l4proto tcp drop")?;
    let broken = net.client.ping(&net.server).timeout(SHORT).expect_unreachable().unwrap_err();
    assert!(matches!(broken.downcast_ref(), Some(ProbeError::ControlFailed { .. })), "{broken}");
    Ok(())
}

#[netns_test]
fn data_that_arrives_wrongly_is_not_absent(net: Pair) -> TestResult {
    for protocol in BOTH {
        let tester = || net.client.connectivity(&net.server, protocol).timeout(SHORT);
        let mut control = tester().start()?;
        let elsewhere = Ipv4Addr::new(192, 0, 2, 9);
        let crossed = tester().seen_as(elsewhere).start()?.expect_unreachable_with_control(&mut control).unwrap_err();
        assert!(matches!(crossed.downcast_ref(), Some(ProbeError::Mismatch { .. })), "{crossed}");
        assert!(crossed.to_string().contains("192.0.2.9"), "{crossed}");
    }
    Ok(())
}

/// A service that does not belong to the test: only its port is known.
#[netns_test]
fn a_service_of_somebody_else_is_absent_only_with_a_control(net: Pair) -> TestResult {
    for protocol in BOTH {
        let name = name(protocol);
        let _open = net.server.echo_server(protocol, 80)?;
        let _closed = net.server.echo_server(protocol, 81)?;
        let connect = |port| net.client.connect(&net.server, protocol, port).payload("question").timeout(SHORT);
        for port in [80, 81] {
            let report = connect(port).run()?;
            report.expect_connected()?;
            assert!(report.is_connected() && report.time().is_some_and(|time| time < SHORT), "{report:?}");
        }
        // It answers, so it is not absent.
        let there = connect(81).expect_unreachable_with_control(&connect(80)).unwrap_err();
        assert!(
            matches!(there.downcast_ref(), Some(ProbeError::Mismatch { found, .. }) if found.contains("an answer"))
        );

        on_input(&net.server, &format!("{name} dport 81 drop"))?;
        let began = Instant::now();
        connect(81).expect_unreachable_with_control(&connect(80))?.because(Absence::Silence)?;
        assert!(began.elapsed() < Duration::from_secs(5), "silence costs one timeout: {:?}", began.elapsed());
        let silent = connect(81).run()?.expect_connected().unwrap_err();
        assert!(matches!(silent.downcast_ref(), Some(ProbeError::Mismatch { .. })), "{silent}");
        // A control that is closed too proves nothing.
        let broken = connect(81).expect_unreachable_with_control(&connect(82)).unwrap_err();
        assert!(matches!(broken.downcast_ref(), Some(ProbeError::ControlFailed { .. })), "{broken}");
        clear(&net.server)?;

        connect(82).expect_unreachable_with_control(&connect(80))?.because(Absence::Refused)?;
        let elsewhere = net.client.connect(Ipv4Addr::new(203, 0, 113, 1), protocol, 80).timeout(SHORT);
        elsewhere.expect_unreachable_with_control(&connect(80))?.because(Absence::NotSent)?;
        // A control from another host: the server itself.
        on_input(&net.server, &format!("iifname eth0 {name} dport 81 drop"))?;
        let own = net.server.connect(net.server.ipv4(), protocol, 81).payload("question").timeout(SHORT);
        connect(81).expect_unreachable_with_control(&own)?;
        clear(&net.server)?;
    }
    Ok(())
}
