//! Firewalls and packets that no socket sends: rows 41, 49 and 51.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::ops::ControlFlow;
use std::os::fd::AsRawFd;
use std::time::Duration;

use netns_fixtures::net::{Firewall, FirewallRule, Host, Refusal};
use netns_fixtures::prelude::*;
use nix::sys::socket::{SockaddrStorage, connect, setsockopt, sockopt};
use nix::sys::time::{TimeVal, TimeValLike};

use crate::firewalls::{PATIENCE, routed};
use crate::traffic::reaches;

/// Row 49: fragments behind another header.
///
/// The fragment header may follow options for each hop.
#[netns_test(requires(nft, ipv6))]
fn fragments_behind_another_header_are_dropped(mut lab: Lab) -> TestResult {
    const HOP_BY_HOP: u8 = 0;
    const FRAGMENT: u8 = 44;
    const UDP: u8 = 17;
    let (inside, router, outside) = routed(&mut lab)?;
    let (from, to) = (inside.ipv6(), outside.ipv6());
    let (receiver, mut wire) = (outside.udp_socket(9)?, File::from(inside.packet_socket("eth0")?));
    receiver.set_read_timeout(Some(PATIENCE))?;
    // The router's address of the link is known, so that its frames have a destination.
    inside.ping(&outside).ipv6().count(1).run()?.expect_all()?;
    let frames = || -> TestResult<[Vec<u8>; 2]> {
        let mut datagram = [&[0, 9, 0, 9, 0, 24, 0, 0][..], &[7; 16]].concat();
        let sum = checksum(from.into(), to.into(), UDP, &datagram);
        datagram[6..8].copy_from_slice(&sum);
        let macs = [router.mac("eth0")?.0, inside.mac("eth0")?.0].concat();
        let frame = |offset_and_more: u16, part: &[u8]| {
            let length = u16::try_from(16 + part.len()).unwrap_or(u16::MAX).to_be_bytes();
            // Six bytes of padding are an option; RFC 8200, section 4.2.
            let headers =
                [&[FRAGMENT, 0, 1, 4, 0, 0, 0, 0, UDP, 0][..], &offset_and_more.to_be_bytes(), &[0, 0, 0, 1]].concat();
            let ip = [&[0x60, 0, 0, 0][..], &length, &[HOP_BY_HOP, 64], &from.octets(), &to.octets()].concat();
            [&macs[..], &[0x86, 0xdd], &ip, &headers, part].concat()
        };
        Ok([frame(1, &datagram[..16]), frame(16, &datagram[16..])])
    };
    let mut arrives = || -> TestResult<bool> {
        for frame in frames()? {
            wire.write_all(&frame)?;
        }
        Ok(receiver.recv(&mut [0; 32]).is_ok())
    };
    assert!(arrives()?, "the control");
    router.firewall(&Firewall::new().rule(FirewallRule::refuse("fragments", Refusal::Drop).fragments()))?;
    assert!(!arrives()?);
    Ok(())
}

/// Sends a raw packet of a protocol.
fn send_raw(from: &Host, to: IpAddr, protocol: u8, packet: &[u8]) -> TestResult {
    let mut socket = File::from(from.raw_socket(to, protocol)?);
    connect(socket.as_raw_fd(), &SockaddrStorage::from(SocketAddr::new(to, 0)))?;
    socket.write_all(packet)?;
    Ok(())
}

/// Rows 41, 51: segments of no connection.
///
/// Segments that belong to no connection would find open ports, as the answers of the inside differ.
#[netns_test(requires(nft, ipv6), deadline = "60s")]
fn segments_of_no_connection_do_not_come_in(mut lab: Lab) -> TestResult {
    const TCP: u8 = 6;
    let (inside, router, outside) = routed(&mut lab)?;
    // TCP segments of both families that the kernel of the inside has had.
    let segments = || -> TestResult<u64> {
        let text = inside.run(|| fs::read_to_string("/proc/thread-self/net/snmp"))??;
        let mut lines = text.lines().filter(|line| line.starts_with("Tcp:"));
        let (names, values) = (lines.next().ok_or("the names")?, lines.next().ok_or("the values")?);
        let place = names.split(' ').position(|name| name == "InSegs").ok_or("InSegs")?;
        Ok(values.split(' ').nth(place).ok_or("a value")?.parse()?)
    };
    let families = [(outside.addr(), inside.addr()), (outside.ipv6().into(), inside.ipv6().into())];
    let [fin_ack, rst, syn_ack, ack] = [0x11, 0x04, 0x12, 0x10];
    let arrives = |(from, to): (IpAddr, IpAddr), flags: u8, within: Duration| -> TestResult<bool> {
        let before = segments()?;
        let mut segment =
            [&[0x0f, 0xa0, 0, 80][..], &[0, 0, 0, 1, 0, 0, 0, 1, 0x50, flags, 16, 0, 0, 0, 0, 0]].concat();
        let sum = checksum(from, to, TCP, &segment);
        segment[16..18].copy_from_slice(&sum);
        send_raw(&outside, to, TCP, &segment)?;
        let arrived = wait_until(Deadline::after(within), Duration::from_millis(5), || match segments() {
            Ok(now) if now > before => ControlFlow::Break(Ok(())),
            Ok(now) => ControlFlow::Continue(now),
            Err(error) => ControlFlow::Break(Err(error)),
        });
        arrived.map_or(Ok(false), |read| read.map(|()| true))
    };
    for family in families {
        for flags in [fin_ack, rst, syn_ack, ack] {
            assert!(arrives(family, flags, 10 * PATIENCE)?, "the control: {flags:#x} from {}", family.0);
        }
    }
    router.firewall(&Firewall::home("eth1"))?;
    for family in families {
        for flags in [fin_ack, rst, syn_ack, ack] {
            assert!(!arrives(family, flags, PATIENCE)?, "{flags:#x} from {}", family.0);
        }
    }
    Ok(())
}

/// Row 51: IPsec over IPv6 passes a home router.
///
/// RFC 6092, section 3.2.4: IPsec and its key exchange pass by default.
#[netns_test(requires(nft, ipv6))]
fn a_home_router_lets_ipsec_over_ipv6_in(mut lab: Lab) -> TestResult {
    const ESP: u8 = 50;
    const AUTHENTICATION: u8 = 51;
    /// RFC 3692 sets it aside for experiments.
    const OTHER: u8 = 253;
    let (inside, router, outside) = routed(&mut lab)?;
    let to: Ipv6Addr = inside.ipv6();
    let arrives = |protocol, within: Duration| -> TestResult<bool> {
        let mut receiver = File::from(inside.raw_socket(to.into(), protocol)?);
        setsockopt(&receiver, sockopt::ReceiveTimeout, &TimeVal::milliseconds(within.as_millis().try_into()?))?;
        // As an authentication header: nothing follows, and it has twelve bytes.
        send_raw(&outside, to.into(), protocol, &[59, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1])?;
        Ok(receiver.read(&mut [0; 64]).is_ok())
    };
    assert!(arrives(OTHER, 10 * PATIENCE)?, "the control");
    router.firewall(&Firewall::home("eth1"))?;
    assert!(arrives(ESP, 10 * PATIENCE)? && arrives(AUTHENTICATION, 10 * PATIENCE)?);
    assert!(!arrives(OTHER, PATIENCE)?);
    let sender = outside.udp_socket(0)?;
    for (port, passes) in [(500, true), (501, false)] {
        let receiver = inside.udp_socket(port)?;
        let within = if passes { 10 * PATIENCE } else { PATIENCE };
        assert_eq!(reaches(&sender, SocketAddr::new(to.into(), port), &receiver, within)?, passes, "{port}");
    }
    Ok(())
}

/// The checksum of TCP and UDP with the addresses; RFC 9293, section 3.1, and RFC 8200, section 8.1.
fn checksum(from: IpAddr, to: IpAddr, protocol: u8, packet: &[u8]) -> [u8; 2] {
    let octets = |address| match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let length = u8::try_from(packet.len()).unwrap_or(u8::MAX);
    let summed = [octets(from), octets(to), vec![0, protocol, 0, length], packet.to_vec()].concat();
    let mut sum: u32 = summed.chunks(2).map(|word| u32::from(u16::from_be_bytes([word[0], word[1]]))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let [.., high, low] = (!sum).to_be_bytes();
    [high, low]
}
