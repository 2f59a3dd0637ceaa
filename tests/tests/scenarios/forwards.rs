//! Forwarded ports: row 38.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::ops::ControlFlow;
use std::thread;
use std::time::{Duration, Instant};

use netns_fixtures::net::{Host, Nat, NatTransport, PortMappingProtocol, RouterPreset};
use netns_fixtures::prelude::*;
use nix::sys::socket::{setsockopt, sockopt};

use crate::nat::{Home, OUTSIDE, PATIENCE, SILENCE, bound, home, outside_address};
use crate::traffic::{Reflector, TcpReflector, reaches, shared_listener};

const UDP: u8 = 1;
const TCP: u8 = 2;

fn outside_ipv4(router: &Host) -> TestResult<Ipv4Addr> {
    match outside_address(router)? {
        IpAddr::V4(address) => Ok(address),
        IpAddr::V6(_) => Err("IPv4".into()),
    }
}

/// Returns whether a TCP connection begins.
fn connects(from: &Host, to: (Ipv4Addr, u16), within: Duration) -> TestResult<bool> {
    Ok(from.run(move || TcpStream::connect_timeout(&to.into(), within))?.is_ok())
}

/// A response of the router's NAT-PMP server.
struct Response {
    result: u16,
    epoch: u32,
    outside_port: u16,
}

/// Asks the router to forward a port to this host, for a number of seconds; RFC 6886, section 3.3.
fn ask(host: &Host, router: &Host, transport: u8, inside: u16, outside: u16, seconds: u32) -> TestResult<Response> {
    let (socket, mut response) = (host.udp_socket(0)?, [0; 16]);
    socket.set_read_timeout(Some(PATIENCE))?;
    let ports = [inside.to_be_bytes(), outside.to_be_bytes()].concat();
    let request = [&[0, transport, 0, 0][..], &ports, &seconds.to_be_bytes()].concat();
    socket.send_to(&request, (router.ipv4_towards(host)?, 5351))?;
    assert_eq!((socket.recv(&mut response)?, response[1]), (16, 128 + transport), "{response:?}");
    let word = |at: usize| u16::from_be_bytes([response[at], response[at + 1]]);
    let epoch = u32::from_be_bytes([response[4], response[5], response[6], response[7]]);
    Ok(Response { result: word(2), epoch, outside_port: word(10) })
}

/// Row 38: a forwarded port passes the firewall of each ready-made router.
#[netns_test(requires(nat), deadline = "60s")]
fn a_forwarded_port_passes_the_firewall_of_each_ready_made_router(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [server, other], .. } = home(&mut lab)?;
    let outside = outside_ipv4(&router)?;
    let _listener = client.tcp_listener(80)?;
    for preset in [
        RouterPreset::Home,
        RouterPreset::Corporate,
        RouterPreset::Hotel,
        RouterPreset::Cloud,
        RouterPreset::MobileCarrier,
    ] {
        router.behave_as(preset, OUTSIDE)?;
        // The connection of the preset before has left a mapping.
        router.flush_nat()?;
        assert!(!connects(&server, (outside, 8080), SILENCE)?, "the control: {preset:?}");
        let inside = SocketAddrV4::new(client.ipv4(), 80);
        router.nat(&preset.nat(OUTSIDE).forward(NatTransport::Tcp, 8080, inside))?;
        assert!(connects(&server, (outside, 8080), PATIENCE)?, "{preset:?}");
        assert!(!connects(&server, (outside, 8081), SILENCE)?, "another port: {preset:?}");
    }
    router.behave_as(RouterPreset::Home, OUTSIDE)?;
    let _mappings = router.port_mapping_server([PortMappingProtocol::NatPmp])?;
    assert_eq!(ask(&client, &router, TCP, 80, 8080, 3600)?.result, 0);
    assert!(connects(&server, (outside, 8080), PATIENCE)?, "a port that the host has asked for");
    // The firewall of the preset stays.
    router.nat(&Nat::full_cone().outside(OUTSIDE))?;
    let socket = bound(&client)?;
    let mapped = Reflector::on(&server, 3478)?.sees(&socket)?;
    assert!(reaches(&bound(&other)?, mapped, &socket, PATIENCE)?, "a mapping that any sender reaches");
    Ok(())
}

/// Rows 28, 38: a forwarded port, hairpin on and off.
#[netns_test(requires(nat), deadline = "60s")]
fn a_forwarded_port_turns_back_inside_by_hairpin_only(mut lab: Lab) -> TestResult {
    let Home { client, neighbour, router, servers: [server, _] } = home(&mut lab)?;
    let outside = outside_ipv4(&router)?;
    let (_listener, socket) = (client.tcp_listener(80)?, client.udp_socket(4000)?);
    for hairpins in [false, true] {
        let to = |port| SocketAddrV4::new(client.ipv4(), port);
        let nat = Nat::full_cone().hairpinning(hairpins).outside(OUTSIDE).forward(NatTransport::Tcp, 8080, to(80));
        router.nat(&nat.forward(NatTransport::Udp, 4001, to(4000)))?;
        router.flush_nat()?;
        let within = if hairpins { PATIENCE } else { SILENCE };
        let datagram = (outside, 4001).into();
        assert!(reaches(&bound(&server)?, datagram, &socket, PATIENCE)?, "the control: from outside");
        assert!(connects(&server, (outside, 8080), PATIENCE)?, "the control: from outside");
        assert_eq!(reaches(&bound(&neighbour)?, datagram, &socket, within)?, hairpins, "UDP");
        assert_eq!(connects(&neighbour, (outside, 8080), within)?, hairpins, "TCP");
    }
    Ok(())
}

/// Row 38: the socket behind a forwarded port has that port outside.
///
/// RFC 4787, REQ-1: a mapping is for the packets of both directions.
#[netns_test(requires(nat), deadline = "60s")]
fn the_socket_behind_a_forwarded_port_has_it_from_its_first_packet_on(mut lab: Lab) -> TestResult {
    let Home { client, neighbour, router, servers: [one, other] } = home(&mut lab)?;
    let outside = outside_ipv4(&router)?;
    let reflectors = [Reflector::on(&one, 3478)?, Reflector::on(&other, 3478)?];
    let tcp = TcpReflector::on(&one, 3479)?;
    let forwarding = |nat: Nat| {
        let to = SocketAddrV4::new(client.ipv4(), 5000);
        nat.forward(NatTransport::Udp, 4000, to).forward(NatTransport::Tcp, 4000, to).outside(OUTSIDE)
    };
    let [socket, sibling] = [client.udp_socket(5000)?, client.udp_socket(4000)?];
    let forwarded = SocketAddr::from((outside, 4000));
    for keeps in [true, false] {
        router.nat(&forwarding(Nat::port_restricted_cone().keeping_ports(keeps)))?;
        router.flush_nat()?;
        for reflector in &reflectors {
            assert_eq!(reflector.sees(&socket)?, forwarded);
            assert_ne!(reflector.sees(&sibling)?, forwarded, "the control: another socket");
        }
        assert_eq!(tcp.sees(&client, 5000)?, forwarded);
        assert_ne!(tcp.sees(&neighbour, 5000)?, forwarded, "the control: another host");
        assert!(reaches(&bound(&other)?, forwarded, &socket, PATIENCE)?, "from outside");
        assert_eq!(reflectors[0].sees(&socket)?, forwarded, "and after that");
    }
    router.nat(&forwarding(Nat::symmetric()))?;
    router.flush_nat()?;
    let [first, second] = [reflectors[0].sees(&socket)?, reflectors[1].sees(&socket)?];
    assert!(first != second && first != forwarded, "its mapping depends on the destination: {first} and {second}");
    Ok(())
}

/// Row 38: the epoch of NAT-PMP restarts.
///
/// A host notices by the epoch that its ports are forgotten; RFC 6886, section 3.6.
#[netns_test(requires(nat), deadline = "60s")]
fn the_epoch_restarts_when_granted_ports_are_forgotten(mut lab: Lab) -> TestResult {
    let Home { client, router, .. } = home(&mut lab)?;
    router.nat(&Nat::home().outside(OUTSIDE))?;
    let _mappings = router.port_mapping_server([PortMappingProtocol::NatPmp])?;
    let epoch = || Ok::<_, BoxError>(ask(&client, &router, TCP, 80, 8080, 3600)?.epoch);
    let aged = || {
        wait_until(Deadline::after(Duration::from_secs(20)), Duration::from_millis(100), || match epoch() {
            Ok(epoch) if epoch >= 5 => ControlFlow::Break(Ok(epoch)),
            Ok(epoch) => ControlFlow::Continue(epoch),
            Err(error) => ControlFlow::Break(Err(error)),
        })
    };
    let before = aged()??;
    assert!(epoch()? >= before, "the control: each request is granted again");
    router.nat(&Nat::home().outside(OUTSIDE))?;
    let after = epoch()?;
    assert!(after < before, "{after} follows {before}");
    Ok(())
}

/// Row 38: the port of an open mapping is granted to its socket alone.
///
/// Otherwise the packets to the mapping of one host would arrive at the other.
#[netns_test(requires(nat))]
fn a_port_of_an_open_mapping_is_granted_to_its_socket_alone(mut lab: Lab) -> TestResult {
    let Home { client, neighbour, router, servers: [server, _] } = home(&mut lab)?;
    let reflector = Reflector::on(&server, 3478)?;
    router.nat(&Nat::full_cone().outside(OUTSIDE))?;
    let _mappings = router.port_mapping_server([PortMappingProtocol::NatPmp])?;
    let socket = neighbour.udp_socket(4000)?;
    let mapped = reflector.sees(&socket)?;
    assert_eq!(mapped.port(), 4000, "the port is kept");
    let granted = ask(&client, &router, UDP, 4000, 4000, 3600)?;
    assert!(granted.result == 0 && granted.outside_port != 4000, "{}", granted.outside_port);
    assert!(reaches(&bound(&server)?, mapped, &socket, PATIENCE)?, "the mapping leads to the neighbour");
    let own = ask(&neighbour, &router, UDP, 4000, 4000, 3600)?;
    assert_eq!((own.result, own.outside_port), (0, 4000), "the mapping of the socket itself");
    Ok(())
}

/// Row 38: a granted port leaves the mappings of others.
///
/// A grant to one host leaves the others' mappings and their times.
#[netns_test(requires(nat), deadline = "60s")]
fn a_granted_port_leaves_the_mappings_of_others_and_their_times(mut lab: Lab) -> TestResult {
    let Home { client, neighbour, router, servers: [server, _] } = home(&mut lab)?;
    let timeout = Duration::from_secs(8);
    // The kernel forgets a connection a second after its reset; the translation takes this setting when it is set.
    router.set_sysctl("net.netfilter.nf_conntrack_tcp_timeout_close", "1")?;
    router.nat(&Nat::full_cone().udp_timeout(timeout).outside(OUTSIDE))?;
    let _mappings = router.port_mapping_server([PortMappingProtocol::NatPmp])?;
    let mappings = |transport: NatTransport| -> TestResult<BTreeSet<[SocketAddrV4; 2]>> {
        let mappings = router.nat_mappings()?.into_iter().filter(|of| of.transport == transport);
        Ok(mappings.map(|of| [of.inside, of.outside]).collect())
    };
    let listener = server.tcp_listener(80)?;
    let stream = client.tcp_connect((server.ipv4(), 80))?;
    let accepted = listener.accept()?.0;
    setsockopt(&stream, sockopt::Linger, &nix::libc::linger { l_onoff: 1, l_linger: 0 })?;
    drop((stream, accepted));
    let reset = Instant::now();
    let closed = mappings(NatTransport::Tcp)?;
    // More than the first message to the kernel carries.
    let sockets: Vec<_> = (0..500).map(|_| bound(&client)).collect::<TestResult<_>>()?;
    for socket in &sockets {
        socket.send_to(b"hello", (server.ipv4(), 9))?;
    }
    let open = mappings(NatTransport::Udp)?;
    assert_eq!((closed.len(), open.len()), (1, 500));
    // The kernel's timeout, and one tick of its clock.
    thread::sleep(Duration::from_millis(1100).saturating_sub(reset.elapsed()).max(timeout / 2));
    let granted_at = Instant::now();
    assert_eq!(ask(&neighbour, &router, TCP, 80, 8080, 3600)?.result, 0);
    assert_eq!(mappings(NatTransport::Tcp)?, closed, "a mapping whose connection has ended");
    assert_eq!(mappings(NatTransport::Udp)?, open);
    wait_until(Deadline::after(2 * timeout), Duration::from_millis(50), || match mappings(NatTransport::Udp) {
        Ok(mappings) if mappings.is_empty() => ControlFlow::Break(Ok(())),
        Ok(mappings) => ControlFlow::Continue(mappings.len()),
        Err(error) => ControlFlow::Break(Err(error)),
    })??;
    assert!(granted_at.elapsed() < timeout, "the grant restarted its time: {:?}", granted_at.elapsed());
    let [inside, outside] = *closed.first().ok_or("a mapping")?;
    let _listener = shared_listener(&client, inside.port())?;
    let outside = (*outside.ip(), outside.port());
    assert!(connects(&server, outside, PATIENCE)?, "the mapping still leads to the client");
    Ok(())
}
