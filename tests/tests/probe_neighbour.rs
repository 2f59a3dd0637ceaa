//! Requests on a link for the owner of an address, including hosts that lie.

#![forbid(unsafe_code)]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::ControlFlow::{Break, Continue};
use std::time::Duration;

use netns_fixtures::Error;
use netns_fixtures::net::address::{AddressPlan, IpNet, MacAddr};
use netns_fixtures::prelude::*;
use netns_fixtures::probe::{Absence, ArpingReport, ProbeError};
use nix::poll::{PollTimeout, poll};

const SHORT: Duration = Duration::from_millis(200);

/// Returns the MAC address of another host in a host's neighbour table.
fn known(host: &Host, address: IpAddr) -> TestResult<Option<MacAddr>> {
    Ok(host.neighbours()?.into_iter().find(|neighbour| neighbour.address == address).and_then(|found| found.mac))
}

#[netns_test]
fn whoever_has_the_address_answers_with_its_device(lan: Lan<3>) -> TestResult {
    let [asking, one, other] = &lan.hosts;
    for to in [one, other] {
        assert_eq!(asking.arping(to).run()?.expect_one()?, to.mac("eth0")?);
        assert_eq!(asking.arping(to).ipv6().run()?.expect_one()?, to.mac("eth0")?);
    }
    let report = asking.arping(one).count(5).run()?;
    assert_eq!((report.sent, report.answers.len(), report.macs().len()), (5, 5, 1));
    // The probe bypasses the kernel's table: the asking host has not learned the address.
    assert_eq!(known(asking, one.ipv4().into())?, None);
    // The asked host has learned the asking one, from the given source.
    let source = Ipv4Addr::from_bits(asking.ipv4().to_bits() | 0x80);
    asking.arping(one).source(source).run()?.expect_any()?;
    assert_eq!(known(one, source.into())?, Some(asking.mac("eth0")?));
    Ok(())
}

/// Neither end drops the first frame: the devices of a running lab can send. No request is repeated here.
#[netns_test]
fn the_first_frame_of_a_lab_arrives() -> TestResult {
    for _ in 0..20 {
        let mut lab = Lab::new(&AddressPlan::default(), Deadline::after(Duration::from_secs(20)));
        let [a, b] = ["a", "b"].map(|name| lab.host(name));
        lab.link(&a, &b);
        lab.up()?;
        a.arping(&b).run()?.expect_one()?;
    }
    Ok(())
}

#[netns_test]
fn nobody_there_is_proved_with_somebody_who_is(lan: Lan<3>) -> TestResult {
    let [asking, one, other] = &lan.hosts;
    let free = Ipv4Addr::from_bits(asking.ipv4().to_bits() | 0xf0);
    let absent = asking.arping(free).timeout(SHORT).expect_unreachable_with_control(one)?;
    assert_eq!(absent.how(), Absence::Silence);
    let there = asking.arping(other).expect_unreachable_with_control(one).unwrap_err();
    assert!(
        matches!(there.downcast_ref(), Some(ProbeError::Mismatch { found, .. }) if found.contains(&other.mac("eth0")?.to_string()))
    );
    one.link_down("eth0")?;
    let broken = asking.arping(free).timeout(SHORT).expect_unreachable_with_control(one).unwrap_err();
    assert!(matches!(broken.downcast_ref(), Some(ProbeError::ControlFailed { .. })), "{broken}");
    Ok(())
}

#[netns_test]
fn every_device_with_the_address_is_listed(lan: Lan<4>) -> TestResult {
    let [asking, owner, second, third] = &lan.hosts;
    for address in [IpAddr::from(owner.ipv4()), owner.ipv6().into()] {
        asking.find_duplicates(address).device("eth0").run()?.expect_any()?;
        let prefix = if address.is_ipv4() { 24 } else { 64 };
        for host in [second, third] {
            host.add_address("eth0", IpNet::new(address, prefix)?)?;
        }
        let mut there = [owner.mac("eth0")?, second.mac("eth0")?, third.mac("eth0")?];
        there.sort();
        // With IPv6 a host receives requests for a new address a moment later: its kernel joins the multicast group in the background.
        let report = wait_until(Deadline::after(Duration::from_secs(10)), Duration::from_millis(1), || {
            let report = asking.find_duplicates(address).device("eth0").run();
            let mut macs = report.as_ref().map(ArpingReport::macs).unwrap_or_default();
            macs.sort();
            if macs == there { Break(report) } else { Continue(report.map(|report| report.macs())) }
        })??;
        let error = format!("{:#}", report.expect_one().unwrap_err());
        assert!(there.iter().all(|mac| error.contains(&mac.to_string())), "{error}");
    }
    // The control: a free address, and the host's own.
    let free = Ipv4Addr::from_bits(asking.ipv4().to_bits() | 0xf0);
    asking.find_duplicates(free).device("eth0").timeout(SHORT).run()?.expect_none()?;
    asking.find_duplicates(asking.ipv6()).device("eth0").timeout(SHORT).run()?.expect_none()?;
    Ok(())
}

#[netns_test]
fn a_check_for_duplicates_leaves_no_trace_and_an_announcement_does(lan: Lan<3>) -> TestResult {
    let [asking, one, other] = &lan.hosts;
    for address in [IpAddr::from(one.ipv4()), one.ipv6().into()] {
        let before = known(one, asking.ipv4().into())?;
        asking.find_duplicates(address).device("eth0").run()?.expect_one()?;
        assert_eq!(known(one, asking.ipv4().into())?, before);
        // The other host accepts the announcement.
        other.ping(address).run()?.expect_all()?;
        assert_eq!(known(other, address)?, Some(one.mac("eth0")?));
        let announcement = asking.announce(address).device("eth0").run()?;
        assert_eq!(announcement.sent, 1);
        wait_until(Deadline::after(Duration::from_secs(10)), Duration::from_millis(5), || {
            match known(other, address) {
                Ok(Some(mac)) if Ok(mac) == asking.mac("eth0").map_err(|_| ()) => Break(()),
                found => Continue(format!("{found:?}")),
            }
        })?;
    }
    Ok(())
}

/// Replies to requests for the address with invalid frames.
#[netns_test]
fn answers_that_are_none_are_counted_and_never_matched(net: Pair) -> TestResult {
    let free = Ipv4Addr::from_bits(net.client.ipv4().to_bits() | 0xf0);
    let liar = net.server.packet_socket("eth0")?;
    let (mine, theirs) = (net.server.mac("eth0")?, net.client.mac("eth0")?);
    let answer = |claimed: MacAddr, sender: Ipv4Addr| {
        let mut frame = [&theirs.0[..], &mine.0, &[8, 6, 0, 1, 8, 0, 6, 4, 0, 2]].concat();
        frame.extend(claimed.0);
        frame.extend(sender.octets());
        frame.extend(theirs.0);
        frame.extend(net.client.ipv4().octets());
        frame
    };
    let mut wrong_length = answer(mine, free);
    wrong_length[18] = 7;
    let ask = |frames: &[Vec<u8>]| -> TestResult<_> {
        std::thread::scope(|scope| {
            let answering = scope.spawn(|| -> std::io::Result<()> {
                let mut request = [0; 64];
                // Only the probe's request makes the liar reply.
                while nix::unistd::read(&liar, &mut request)? < 42 || request[12..14] != [8, 6] {}
                for frame in frames {
                    nix::unistd::write(&liar, frame)?;
                }
                Ok(())
            });
            let report = net.client.arping(free).timeout(SHORT).run()?;
            answering.join().map_err(|_| "the liar panicked")??;
            Ok(report)
        })
    };
    let report = ask(&[answer(mine, free)[..30].to_vec(), wrong_length, answer(mine, net.server.ipv4())])?;
    assert_eq!((report.malformed, report.answers.len()), (2, 0), "{report:?}");
    // A claim for another host's address shows its sender.
    let claimed = MacAddr([2, 0, 0, 0, 0xaa, 0xbb]);
    let report = ask(&[answer(claimed, free)])?;
    assert_eq!(report.answers.iter().map(|answer| (answer.mac, answer.sender)).collect::<Vec<_>>(), [(claimed, mine)]);
    Ok(())
}

#[netns_test]
fn an_impossible_question_is_an_error(net: Pair, mut lab: Lab) -> TestResult {
    let alone = lab.host("alone");
    lab.up()?;
    let told = |answer: Result<_, Error>| match answer {
        Err(error) => error.downcast_ref::<ProbeError>().unwrap_or_else(|| panic!("{error}")).clone(),
        Ok(report) => panic!("{report:?}"),
    };
    assert!(matches!(told(net.client.arping(&alone).run()), ProbeError::NoAddress { .. }));
    assert!(matches!(told(alone.arping(&net.server).run()), ProbeError::NoRoute { .. }));
    assert!(matches!(told(net.client.arping(Ipv4Addr::new(203, 0, 113, 1)).run()), ProbeError::NoRoute { .. }));
    assert!(matches!(told(net.client.arping(&net.server).device("eth9").run()), ProbeError::NoSuchDevice { .. }));
    assert!(matches!(told(net.client.arping(&net.server).count(0).run()), ProbeError::OutOfRange { value: 0, .. }));
    assert!(matches!(told(net.client.arping(&net.server).timeout(Duration::ZERO).run()), ProbeError::NoTimeout));
    let mixed = net.client.arping(net.server.ipv4()).source(net.client.ipv6());
    assert!(matches!(told(mixed.run()), ProbeError::FamilyMismatch { .. }));
    Ok(())
}

/// Replies to requests for an address arrive late, one after the other.
#[netns_test]
fn further_answers_are_waited_for_from_the_first_one_on(net: Pair) -> TestResult {
    let free = Ipv4Addr::from_bits(net.client.ipv4().to_bits() | 0xf0);
    let liar = net.server.packet_socket("eth0")?;
    let (mine, theirs) = (net.server.mac("eth0")?, net.client.mac("eth0")?);
    let claims = [MacAddr([2, 0, 0, 0, 0xaa, 1]), MacAddr([2, 0, 0, 0, 0xaa, 2])];
    let report = std::thread::scope(|scope| -> TestResult<_> {
        let answering = scope.spawn(|| -> std::io::Result<()> {
            let mut request = [0; 64];
            while nix::unistd::read(&liar, &mut request)? < 42 || request[12..14] != [8, 6] {}
            for (claimed, after) in claims.iter().zip([500_u16, 20]) {
                // Simulates a link with a delay.
                poll(&mut [], PollTimeout::from(after))?;
                let mut frame = [&theirs.0[..], &mine.0, &[8, 6, 0, 1, 8, 0, 6, 4, 0, 2]].concat();
                frame.extend(claimed.0);
                frame.extend(free.octets());
                frame.extend(theirs.0);
                frame.extend(net.client.ipv4().octets());
                nix::unistd::write(&liar, &frame)?;
            }
            Ok(())
        });
        let report = net.client.arping(free).wait_for_more(Duration::from_millis(300)).run()?;
        answering.join().map_err(|_| "the liar panicked")??;
        Ok(report)
    })?;
    assert_eq!(report.macs(), claims, "{report:?}");
    assert!(report.expect_one().is_err());
    Ok(())
}

/// RFC 5227: a frame of our own that a switch sends back is not an answer.
#[netns_test]
fn ones_own_frames_are_no_answers(mut lab: Lab) -> TestResult {
    let switch = lab.switch("switch");
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    lab.link(&a, switch.as_host()).hairpin();
    lab.link(&b, switch.as_host());
    lab.up()?;
    let free = Ipv4Addr::from_bits(a.ipv4().to_bits() | 0xf0);
    a.find_duplicates(free).timeout(SHORT).expect_unreachable_with_control(&b)?;
    a.announce(a.ipv4()).run()?.expect_none()?;
    a.announce(a.ipv6()).run()?.expect_none()?;
    // The control: the frame did come back.
    let before = a.statistics("eth0")?.rx_packets;
    a.announce(a.ipv4()).run()?;
    assert!(a.statistics("eth0")?.rx_packets > before);
    Ok(())
}

/// An answer to ARP is not a control for neighbour discovery.
#[netns_test]
fn the_control_is_of_the_same_family(lan: Lan<3>) -> TestResult {
    let [asking, _, control] = &lan.hosts;
    let free = Ipv6Addr::from_bits(asking.ipv6().to_bits() | 0xf000);
    let ask = || asking.arping(free).timeout(SHORT);
    ask().expect_unreachable_with_control(control)?;
    let address = control.ipv6();
    control.set_sysctl("net.ipv6.conf.eth0.disable_ipv6", "1")?;
    let broken = ask().expect_unreachable_with_control(address).unwrap_err();
    assert!(matches!(broken.downcast_ref(), Some(ProbeError::ControlFailed { .. })), "{broken}");
    // The kernel removed the address together with IPv6, and the probe reports it.
    let gone = ask().expect_unreachable_with_control(control).unwrap_err();
    assert!(matches!(gone.downcast_ref(), Some(ProbeError::NoAddress { .. })), "{gone}");
    Ok(())
}
