//! Networks with IPv6 alone, and NAT64 with DNS64: row 37.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::thread;
use std::time::Duration;

use netns_fixtures::net::address::IpNet;
use netns_fixtures::net::{Host, Nat, Nat64};
use netns_fixtures::prelude::*;
use netns_fixtures::probe::PathProtocol;

use crate::nat::{OUTSIDE, outside_address};
use crate::traffic::unmapped;

/// Maximum wait for an expected datagram or connection.
const PATIENCE: Duration = Duration::from_secs(3);

/// Row 37: NAT64 with DNS64.
///
/// Names lead to addresses that the router translates, unless a host has IPv6 itself.
#[netns_test(requires(nat, ipv6), deadline = "60s")]
fn a_host_with_ipv6_alone_reaches_servers_of_ipv4(mut lab: Lab) -> TestResult {
    let [phone, old, new] = ["phone", "old", "new"].map(|name| lab.host(name));
    let carrier = lab.router("carrier");
    lab.link(&phone, &carrier);
    lab.link(&carrier, &old).ipv4_only();
    lab.link(&carrier, &new);
    lab.gateway(&phone, &carrier);
    lab.gateway(&new, &carrier);
    lab.up()?;
    for address in phone.addresses("eth0")?.into_iter().filter(|address| address.addr().is_ipv4()) {
        phone.remove_address("eth0", address)?;
    }
    let connect = |to: IpAddr| phone.run(move || TcpStream::connect_timeout(&(to, 80).into(), PATIENCE));
    let translated = IpAddr::from(Nat64::address_of(old.ipv4()));
    let listener = old.tcp_listener(80)?;
    let other_listener = new.tcp_listener(80)?;
    assert!(connect(translated)?.is_err() && connect(old.addr())?.is_err(), "the control");

    let names = [("old.test", old.addr()), ("new.test", new.addr()), ("new.test", new.ipv6().into())];
    let (nat64, _dns64) = carrier.ipv6_only_access(OUTSIDE, names)?;
    phone.set_resolvers([carrier.ipv6()])?;
    let found = |name: &str| -> TestResult<BTreeSet<IpAddr>> {
        let shown = phone.command("getent")?.args(["ahostsv6", name]).output()?.success()?.stdout.text().to_string();
        Ok(shown.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect())
    };
    assert_eq!(found("old.test")?, BTreeSet::from([translated]));
    assert_eq!(found("new.test")?, BTreeSet::from([new.ipv6().into()]));

    // TCP: the server sees the router, and the bytes of both directions are whole.
    let sent: Vec<u8> = (0..=250).cycle().take(300_000).collect();
    let accepting = listener.try_clone()?;
    let server = thread::spawn(move || -> std::io::Result<_> {
        let (mut stream, from) = accepting.accept()?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        stream.write_all(&bytes)?;
        Ok((from, bytes))
    });
    let mut stream = connect(translated)??;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(&sent)?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut back = Vec::new();
    stream.read_to_end(&mut back)?;
    let (from, arrived) = server.join().map_err(|_| "panicked")??;
    assert!(arrived == sent && back == sent, "{} and {} bytes arrived", arrived.len(), back.len());
    assert_eq!(unmapped(from).ip(), outside_address(&carrier)?);

    // UDP and ICMP.
    let (client, echo) = (phone.udp_socket(0)?, old.udp_socket(7)?);
    for bytes in [0, 1, 1400] {
        echo.set_read_timeout(Some(PATIENCE))?;
        client.set_read_timeout(Some(PATIENCE))?;
        client.send_to(&sent[..bytes], (translated, 7))?;
        let mut buffer = [0; 2000];
        let (length, from) = echo.recv_from(&mut buffer)?;
        assert_eq!(buffer[..length], sent[..bytes]);
        echo.send_to(&buffer[..length], from)?;
        let (length, from) = client.recv_from(&mut buffer)?;
        assert_eq!((&buffer[..length], from), (&sent[..bytes], (translated, 7).into()));
    }
    phone.ping(translated).count(3).run()?.expect_all()?;

    assert!(nat64.translated() > 400 && nat64.untranslated() == 0, "{nat64:?}");
    connect(new.ipv6().into())??;
    assert_eq!(other_listener.accept()?.1.ip(), phone.ipv6(), "a connection by IPv6 is untouched");
    assert!(carrier.nat64().is_err(), "it translates already");
    drop(nat64);
    assert!(connect(translated)?.is_err(), "nothing is left of it");
    assert!(carrier.devices()?.iter().all(|device| device.name.as_str() != "nat64"));
    let _again = carrier.nat64()?;
    connect(translated)?.map_err(|error| format!("the second translator: {error}"))?;
    Ok(())
}

/// A phone with IPv6 alone, its carrier, and a server behind two routers of IPv4.
struct Far {
    phone: Host,
    carrier: Host,
    /// The routers, with the link in the middle between their devices `eth1` and `eth0`.
    routers: [Host; 2],
    server: Host,
}

fn far(lab: &mut Lab) -> TestResult<(Far, Nat64)> {
    let [phone, server] = ["phone", "server"].map(|name| lab.host(name));
    let [carrier, near, distant] = ["carrier", "near", "distant"].map(|name| lab.router(name));
    lab.link(&phone, &carrier);
    lab.link(&carrier, &near).ipv4_only();
    lab.link(&near, &distant).ipv4_only();
    lab.link(&distant, &server).ipv4_only();
    lab.gateway(&phone, &carrier);
    lab.gateway(&carrier, &near);
    lab.gateway(&near, &distant);
    lab.gateway(&distant, &near);
    lab.gateway(&server, &distant);
    lab.up()?;
    for address in phone.addresses("eth0")?.into_iter().filter(|address| address.addr().is_ipv4()) {
        phone.remove_address("eth0", address)?;
    }
    carrier.nat(&Nat::home().outside(OUTSIDE))?;
    let nat64 = carrier.nat64()?;
    Ok((Far { phone, carrier, routers: [near, distant], server }, nat64))
}

/// Rows 37, 65: the MTU of a path through NAT64.
///
/// The link in the middle of IPv4 has a smaller MTU: the phone learns it, twenty bytes larger, and large transfers pass.
#[netns_test(requires(nat, ipv6), deadline = "60s")]
fn the_mtu_of_a_path_is_found_through_nat64(mut lab: Lab) -> TestResult {
    let (Far { phone, routers: [near, distant], server, .. }, nat64) = far(&mut lab)?;
    let translated = IpAddr::from(Nat64::address_of(server.ipv4()));
    let limit = |mtu| -> TestResult {
        near.set_mtu("eth1", mtu)?;
        Ok(distant.set_mtu("eth0", mtu)?)
    };
    // Without the smaller link: the packets of IPv4 are twenty bytes smaller than 1500, and no router has to complain.
    assert_eq!(phone.path_mtu(translated).run()?.mtu, 1500, "the control");
    limit(1400)?;
    for protocol in [PathProtocol::Icmp, PathProtocol::Udp] {
        let report = phone.path_mtu(translated).protocol(protocol).run()?;
        assert!(report.mtu == 1420 && !report.has_black_hole(), "{report:?}");
    }
    let listener = server.tcp_listener(80)?;
    let sent: Vec<u8> = (0..=250).cycle().take(300_000).collect();
    let accepting = thread::spawn(move || -> std::io::Result<_> {
        let (mut stream, mut bytes) = (listener.accept()?.0, Vec::new());
        stream.read_to_end(&mut bytes)?;
        stream.write_all(&bytes)?;
        Ok(bytes)
    });
    let mut stream = phone.tcp_connect((translated, 80))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(&sent)?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut back = Vec::new();
    stream.read_to_end(&mut back)?;
    let arrived = accepting.join().map_err(|_| "panicked")??;
    assert!(arrived == sent && back == sent, "{} and {} bytes arrived", arrived.len(), back.len());

    // IPv6 knows no MTU below 1280, so routers of IPv4 fragment such packets.
    limit(800)?;
    let (client, receiver) = (phone.udp_socket(0)?, server.udp_socket(7)?);
    receiver.set_read_timeout(Some(PATIENCE))?;
    client.send_to(&sent[..1200], (translated, 7))?;
    let mut buffer = [0; 2000];
    let (length, _) = receiver.recv_from(&mut buffer)?;
    assert_eq!(buffer[..length], sent[..1200]);
    assert_eq!(nat64.untranslated(), 0, "{nat64:?}");
    Ok(())
}

/// Row 37: a route traced through NAT64.
///
/// Every router on the way has an address of IPv6, that of the translator among them.
#[netns_test(requires(nat, ipv6), deadline = "60s")]
fn a_route_is_traced_through_nat64(mut lab: Lab) -> TestResult {
    let (Far { phone, carrier, routers: [near, distant], server }, nat64) = far(&mut lab)?;
    let translated = |address: Ipv4Addr| Some(IpAddr::from(Nat64::address_of(address)));
    let of_translator = carrier.addresses("nat64")?.iter().find_map(|address| match address.addr() {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    });
    let expected = [
        carrier.device("eth0")?.addresses.iter().map(IpNet::addr).find(IpAddr::is_ipv6),
        translated(of_translator.ok_or("an address")?),
        translated(near.ipv4_towards(&carrier)?),
        translated(distant.ipv4_towards(&near)?),
    ];
    for protocol in [PathProtocol::Icmp, PathProtocol::Udp] {
        let report = phone.trace(Nat64::address_of(server.ipv4())).protocol(protocol).run()?;
        assert_eq!(report.expect_reached()?.routers(), expected, "{protocol:?}");
    }
    assert_eq!(nat64.untranslated(), 0, "{nat64:?}");
    Ok(())
}

fn refused_by(socket: &UdpSocket) -> TestResult {
    socket.set_read_timeout(Some(PATIENCE))?;
    let refused = socket.recv(&mut [0; 8]).expect_err("nobody listens").kind();
    assert_eq!(refused, ErrorKind::ConnectionRefused);
    Ok(())
}

/// Rows 37, 39: ICMP errors pass NAT64 both ways.
///
/// A port without a listener refuses at once, on either side.
#[netns_test(requires(nat, ipv6), deadline = "60s")]
fn a_closed_port_refuses_through_nat64_on_both_sides(mut lab: Lab) -> TestResult {
    let (Far { phone, carrier, server, .. }, _nat64) = far(&mut lab)?;
    let translated = Nat64::address_of(server.ipv4());
    let client = phone.udp_socket(0)?;
    client.connect((translated, 9))?;
    client.send(b"nobody")?;
    refused_by(&client)?;
    // The server learns that the phone's socket is gone.
    let (talker, receiver) = (phone.udp_socket(0)?, server.udp_socket_at((Ipv4Addr::UNSPECIFIED, 7))?);
    receiver.set_read_timeout(Some(PATIENCE))?;
    talker.send_to(b"hello", (translated, 7))?;
    let (_, from): (_, SocketAddr) = receiver.recv_from(&mut [0; 8])?;
    assert_eq!(from.ip(), outside_address(&carrier)?);
    drop(talker);
    receiver.connect(from)?;
    receiver.send(b"answer")?;
    refused_by(&receiver)
}
