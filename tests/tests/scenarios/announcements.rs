//! A router announces to the hosts behind it that it has lost their ports, or has another outside address, and that it is a gateway of UPnP:
//! row 38.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use netns_fixtures::net::{Host, Nat, PortMappingProtocol};
use netns_fixtures::prelude::*;

use crate::nat::{Home, OUTSIDE, PATIENCE, SILENCE, home, outside_address};
use crate::outsides::{Uplinks, uplinks};
use crate::port_mapping::{PORT, ask_by_pcp, connects, epoch, fetch, map_request};

/// The port on which clients listen for announcements; RFC 6886, section 3.2.1; RFC 6887, section 14.1.3.
const CLIENT_PORT: u16 = 5350;
const BOTH: [PortMappingProtocol; 2] = [PortMappingProtocol::NatPmp, PortMappingProtocol::Pcp];

fn listening(host: &Host) -> TestResult<UdpSocket> {
    Ok(host.udp_socket_at((Ipv4Addr::UNSPECIFIED, CLIENT_PORT))?)
}

/// An announcement of both protocols.
#[derive(Debug)]
struct Announced {
    /// The result of NAT-PMP.
    result: u16,
    outside: IpAddr,
    epoch: u32,
}

/// Receives the next announcements: of NAT-PMP, then of PCP.
fn announced(socket: &UdpSocket, router: IpAddr) -> TestResult<Announced> {
    // Each pause is twice as long as the one before it.
    socket.set_read_timeout(Some(3 * PATIENCE))?;
    let receive = || -> TestResult<Vec<u8>> {
        let mut buffer = [0; 64];
        let (length, from) = socket.recv_from(&mut buffer)?;
        assert_eq!(from, SocketAddr::new(router, PORT), "the address and the port that clients ask");
        Ok(buffer[..length].to_vec())
    };
    let (nat_pmp, pcp) = (receive()?, receive()?);
    assert_eq!((nat_pmp.len(), &nat_pmp[..2]), (12, &[0, 128][..]), "{nat_pmp:?}");
    assert_eq!((pcp.len(), &pcp[..8], &pcp[12..]), (24, &[2, 128, 0, 0, 0, 0, 0, 0][..], &[0; 12][..]), "{pcp:?}");
    let of_nat_pmp = u32::from_be_bytes(nat_pmp[4..8].try_into()?);
    assert!(of_nat_pmp.abs_diff(epoch(&pcp)) <= 1, "{nat_pmp:?}, {pcp:?}");
    let outside: [u8; 4] = nat_pmp[8..].try_into()?;
    Ok(Announced { result: u16::from_be_bytes([nat_pmp[2], nat_pmp[3]]), outside: outside.into(), epoch: epoch(&pcp) })
}

/// Receives announcements until one is as expected. They are sent again and again, as some may be lost.
fn announced_until(socket: &UdpSocket, router: IpAddr, is: impl Fn(&Announced) -> bool) -> TestResult<Announced> {
    loop {
        let announced = announced(socket, router)?;
        if is(&announced) {
            return Ok(announced);
        }
    }
}

/// Receives announcements until the epoch is two seconds or more, so that a new one is seen. Returns its seconds.
fn until_the_epoch_is_old(socket: &UdpSocket, router: IpAddr) -> TestResult<u32> {
    Ok(announced_until(socket, router, |announced| announced.epoch >= 2)?.epoch)
}

/// Receives announcements until one is of a later epoch: a slow router sends some of the old one in between.
fn announced_after(old: u32, socket: &UdpSocket, router: IpAddr) -> TestResult<Announced> {
    announced_until(socket, router, |announced| announced.epoch < old)
}

/// The announcement is of an epoch that began after the start.
fn assert_begins(announced: &Announced, outside: IpAddr, start: Instant) {
    assert_eq!((announced.result, announced.outside), (0, outside));
    assert!(u64::from(announced.epoch) <= start.elapsed().as_secs(), "{announced:?}");
}

/// Nothing was announced outside.
fn assert_silent(of_server: &UdpSocket) -> TestResult {
    of_server.set_read_timeout(Some(SILENCE))?;
    assert_eq!(of_server.recv(&mut [0; 64]).map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));
    Ok(())
}

/// Row 38: a router announces its start and each loss of ports.
///
/// RFC 6886, section 3.2.1, and RFC 6887, section 14.1.3: after its start and after each loss of the ports that it has granted.
#[netns_test(requires(nat), deadline = "60s")]
fn a_router_announces_its_start_and_each_loss_of_ports(mut lab: Lab) -> TestResult {
    let Home { client, neighbour, router, servers: [server, _] } = home(&mut lab)?;
    let nat = Nat::home().outside(OUTSIDE);
    router.nat(&nat)?;
    let [of_client, of_neighbour, of_server] = [listening(&client)?, listening(&neighbour)?, listening(&server)?];
    let (inside, outside) = (router.ipv4_towards(&client)?.into(), outside_address(&router)?);
    let start = Instant::now();
    let _mappings = router.port_mapping_server(BOTH)?;
    for socket in [&of_client, &of_neighbour] {
        assert_begins(&announced(socket, inside)?, outside, start);
    }
    let _listener = client.tcp_listener(80)?;
    let ask = || ask_by_pcp(&client, &router, &map_request(client.ipv4(), 1, [80, 8080], 3600, &[]));
    let losses: [(&str, &dyn Fn() -> TestResult); 2] =
        [("flushed", &|| Ok(router.flush_nat()?)), ("set again", &|| Ok(router.nat(&nat)?))];
    for (loss, lose) in losses {
        assert_eq!(ask()?.0.port, 8080);
        assert!(connects(&server, outside, 8080)?, "the control");
        let old = until_the_epoch_is_old(&of_client, inside)?;
        let start = Instant::now();
        lose()?;
        assert_begins(&announced_after(old, &of_client, inside)?, outside, start);
        assert!(!connects(&server, outside, 8080)?, "{loss}: forgotten");
    }
    assert_silent(&of_server)
}

/// Row 38: a router announces another outside address.
///
/// RFC 6886, section 3.2.1: each change of the outside address, also to none.
#[netns_test(requires(nat), deadline = "60s")]
fn a_router_announces_another_outside_address(mut lab: Lab) -> TestResult {
    let Uplinks { client, router, servers, addresses } = uplinks(&mut lab)?;
    router.nat(&Nat::home())?;
    let socket = listening(&client)?;
    let inside = router.ipv4_towards(&client)?.into();
    let start = Instant::now();
    let _mappings = router.port_mapping_server(BOTH)?;
    assert_begins(&announced(&socket, inside)?, addresses[0], start);
    let old = until_the_epoch_is_old(&socket, inside)?;
    let start = Instant::now();
    router.set_default_gateway(servers[1].ipv4())?;
    assert_begins(&announced_after(old, &socket, inside)?, addresses[1], start);
    let of_server = listening(&servers[1])?;
    router.remove_nat()?;
    let none: IpAddr = Ipv4Addr::UNSPECIFIED.into();
    let without = announced_until(&socket, inside, |announced| announced.outside == none)?;
    assert_eq!(without.result, 3, "NETWORK_FAILURE");
    assert_silent(&of_server)
}

/// Row 38: a client of PCP asks for the epoch.
///
/// RFC 6887, section 14.1.2: a client reads the epoch without a change of the router.
#[netns_test(requires(nat))]
fn a_client_of_pcp_asks_for_the_epoch(mut lab: Lab) -> TestResult {
    let Home { client, neighbour, router, .. } = home(&mut lab)?;
    router.nat(&Nat::home().outside(OUTSIDE))?;
    let _mappings = router.port_mapping_server([PortMappingProtocol::Pcp])?;
    let request = |of: &Host| [&[2, 0, 0, 0, 0, 0, 0, 0][..], &of.ipv4().to_ipv6_mapped().octets()].concat();
    let start = Instant::now();
    let (mapped, response) = ask_by_pcp(&client, &router, &request(&client))?;
    assert_eq!((mapped.code, mapped.seconds, response.len()), (0, 0, 24), "{response:?}");
    let within = start.elapsed() + Duration::from_secs(2);
    assert!(u64::from(epoch(&response)) <= within.as_secs(), "{response:?}");
    assert_eq!(ask_by_pcp(&client, &router, &request(&neighbour))?.0.code, 12, "ADDRESS_MISMATCH");
    assert!(router.nat_mappings()?.is_empty(), "nothing is mapped");
    Ok(())
}

/// Row 38: a gateway of UPnP announces its start and its end.
///
/// UPnP Device Architecture 1.1, section 1.2: a gateway announces its devices and its service when it starts, and when it ends.
#[netns_test(requires(nat))]
fn a_gateway_announces_its_start_and_its_end(mut lab: Lab) -> TestResult {
    const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);
    let Home { client, neighbour, router, servers: [server, _] } = home(&mut lab)?;
    router.nat(&Nat::home().outside(OUTSIDE))?;
    let listening = |host: &Host| -> TestResult<UdpSocket> {
        let socket = host.udp_socket_at((Ipv4Addr::UNSPECIFIED, 1900))?;
        socket.join_multicast_v4(&GROUP, &host.ipv4())?;
        socket.set_read_timeout(Some(PATIENCE))?;
        Ok(socket)
    };
    let [of_client, of_neighbour, of_server] = [listening(&client)?, listening(&neighbour)?, listening(&server)?];
    let header = |notice: &str, name: &str| -> TestResult<String> {
        let value = notice.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        Ok(value.ok_or_else(|| format!("no {name} in {notice}"))?.to_owned())
    };
    // The notices with this state, until each of the eight names has been announced.
    let announced = |socket: &UdpSocket, state: &str| -> TestResult<(BTreeSet<String>, String)> {
        let (mut names, mut buffer) = (BTreeSet::new(), [0; 1500]);
        loop {
            let (length, from) = socket.recv_from(&mut buffer)?;
            let notice = String::from_utf8(buffer[..length].to_vec())?;
            assert!(notice.starts_with("NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n"), "{notice}");
            if header(&notice, "NTS")? == state {
                names.insert(header(&notice, "USN")?);
                header(&notice, "BOOTID.UPNP.ORG")?.parse::<u32>()?;
                assert!(header(&notice, "USN")?.ends_with(&header(&notice, "NT")?), "{notice}");
                assert_eq!(from.port(), 1900);
                if names.len() == 8 {
                    return Ok((names, notice));
                }
            }
        }
    };
    let gateway = router.port_mapping_server([PortMappingProtocol::UpnpIgd])?;
    let (names, notice) = announced(&of_client, "ssdp:alive")?;
    assert_eq!(announced(&of_neighbour, "ssdp:alive")?.0, names);
    let location = header(&notice, "LOCATION")?;
    let (at, path) = location.strip_prefix("http://").and_then(|at| at.split_once('/')).ok_or("a location")?;
    let at: SocketAddr = at.parse()?;
    assert_eq!(at.ip(), router.ipv4_towards(&client)?);
    let description = fetch(&client, at, &format!("GET /{path} HTTP/1.1\r\nHost: {at}\r\n\r\n"))?;
    for name in &names {
        let device = name.split("::").next().unwrap_or_default();
        assert!(description.contains(&format!("<UDN>{device}</UDN>")), "{name} in {description}");
    }
    drop(gateway);
    for socket in [&of_client, &of_neighbour] {
        assert_eq!(announced(socket, "ssdp:byebye")?.0, names);
    }
    assert_silent(&of_server)
}
