//! Address translation: rows 23 to 40, as far as they are built.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, TcpStream, UdpSocket};
use std::ops::ControlFlow;
use std::thread;
use std::time::{Duration, Instant};

use netns_fixtures::KernelError;
use netns_fixtures::net::address::IpNet;
use netns_fixtures::net::link::Dummy;
use netns_fixtures::net::{Filtering, Host, Mapping, Nat, NatTransport, RouterPreset};
use netns_fixtures::prelude::*;
use netns_fixtures::probe::Protocol;

use crate::traffic::{Reflector, TcpReflector, reaches, shared_listener, unmapped};

/// Maximum wait for an expected datagram or connection.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);
/// The wait that proves that nothing arrives.
pub(crate) const SILENCE: Duration = Duration::from_millis(300);
pub(crate) const MAPPINGS: [Mapping; 3] =
    [Mapping::EndpointIndependent, Mapping::AddressDependent, Mapping::AddressAndPortDependent];
pub(crate) const FILTERINGS: [Filtering; 3] =
    [Filtering::EndpointIndependent, Filtering::AddressDependent, Filtering::AddressAndPortDependent];

/// A client behind a router, and two servers outside of it.
pub(crate) struct Home {
    pub(crate) client: Host,
    pub(crate) neighbour: Host,
    pub(crate) router: Host,
    pub(crate) servers: [Host; 2],
}

/// The router's device that leads outside.
pub(crate) const OUTSIDE: &str = "eth1";

pub(crate) fn home(lab: &mut Lab) -> TestResult<Home> {
    let [client, neighbour] = ["client", "neighbour"].map(|name| lab.host(name));
    let router = lab.router("router");
    let (inside, outside) = (lab.switch("inside"), lab.switch("outside"));
    for host in [&router, &client, &neighbour] {
        lab.link(host, inside.as_host());
    }
    lab.link(&router, outside.as_host());
    let servers = ["one", "two"].map(|name| lab.host(name));
    for server in &servers {
        lab.link(server, outside.as_host());
    }
    lab.gateway(&client, &router);
    lab.gateway(&neighbour, &router);
    lab.up()?;
    Ok(Home { client, neighbour, router, servers })
}

pub(crate) fn outside_address(router: &Host) -> TestResult<IpAddr> {
    let device = router.device(OUTSIDE)?;
    Ok(device.addresses.iter().map(IpNet::addr).find(IpAddr::is_ipv4).ok_or("an address")?)
}

pub(crate) fn bound(host: &Host) -> TestResult<UdpSocket> {
    Ok(host.udp_socket(0)?)
}

/// Row 23: home NAT.
#[netns_test(requires(nat))]
fn the_server_sees_the_routers_address_and_reaches_nobody_behind_it(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [server, _], .. } = home(&mut lab)?;
    let reflector = Reflector::on(&server, 3478)?;
    let socket = bound(&client)?;
    server.set_default_gateway(outside_address(&router)?)?;
    assert_eq!(reflector.sees(&socket)?.ip(), client.addr(), "the control: without NAT the client is seen");
    router.nat(&Nat::home().outside(OUTSIDE))?;
    let seen = reflector.sees(&bound(&client)?)?;
    assert_eq!(seen.ip(), outside_address(&router)?);
    let inside = client.udp_socket(4000)?;
    let from = bound(&server)?;
    assert!(!reaches(&from, SocketAddr::new(client.addr(), 4000), &inside, SILENCE)?, "the inside is not reached");
    Ok(())
}

/// Rows 24, 25, 26: mapping and filtering kinds of RFC 4787, all pairs.
///
/// RFC 5780's tests: what the mapping does is seen by three reflectors, what the filtering does by who reaches the mapping.
#[netns_test(requires(nat), deadline = "120s")]
fn every_mapping_and_filtering_is_as_declared(mut lab: Lab) -> TestResult {
    let Home { client, router, servers, .. } = home(&mut lab)?;
    let [one, two] = &servers;
    let reflectors = [Reflector::on(one, 3478)?, Reflector::on(one, 3479)?, Reflector::on(two, 3478)?];
    for mapping in MAPPINGS {
        for filtering in FILTERINGS {
            router.nat(&Nat::new(mapping, filtering).outside(OUTSIDE))?;
            router.flush_nat()?;
            let socket = bound(&client)?;
            let [first, other_port, other_address] =
                [&reflectors[0], &reflectors[1], &reflectors[2]].map(|reflector| reflector.sees(&socket));
            let (first, other_port, other_address) = (first?, other_port?, other_address?);
            let seen = match (first == other_port, first == other_address) {
                (true, true) => Mapping::EndpointIndependent,
                (true, false) => Mapping::AddressDependent,
                (false, _) => Mapping::AddressAndPortDependent,
            };
            assert_eq!(seen, mapping, "{first}, {other_port}, {other_address}");

            // A new mapping, through which packets went only to the first address and port.
            let socket = bound(&client)?;
            let mapped = reflectors[0].sees(&socket)?;
            let within = |passes| if passes { PATIENCE } else { SILENCE };
            let is_open_to_port = filtering != Filtering::AddressAndPortDependent;
            let is_open_to_all = filtering == Filtering::EndpointIndependent;
            let from_other_port = reaches(&bound(one)?, mapped, &socket, within(is_open_to_port))?;
            let from_other_address = reaches(&bound(two)?, mapped, &socket, within(is_open_to_all))?;
            let seen = match (from_other_port, from_other_address) {
                (true, true) => Filtering::EndpointIndependent,
                (true, false) => Filtering::AddressDependent,
                (false, false) => Filtering::AddressAndPortDependent,
                (false, true) => return Err("a stranger is let in before a known address".into()),
            };
            assert_eq!(seen, filtering, "{mapping} mapping");
        }
    }
    Ok(())
}

/// Rows 24, 25, 26: the same for TCP.
///
/// The same for TCP: connections from one inside port to three reflectors, then connections from outside to its listener.
#[netns_test(requires(nat), deadline = "120s")]
fn every_mapping_and_filtering_is_as_declared_for_tcp(mut lab: Lab) -> TestResult {
    let Home { client, router, servers, .. } = home(&mut lab)?;
    let [one, two] = &servers;
    let reflectors = [TcpReflector::on(one, 3478)?, TcpReflector::on(one, 3479)?, TcpReflector::on(two, 3478)?];
    let mut ports = 5000..;
    for mapping in MAPPINGS {
        for filtering in FILTERINGS {
            router.nat(&Nat::new(mapping, filtering).outside(OUTSIDE))?;
            router.flush_nat()?;
            let port = ports.next().ok_or("a port")?;
            let mut seen = Vec::new();
            for reflector in &reflectors {
                seen.push(reflector.sees(&client, port)?);
            }
            let found = match (seen[0] == seen[1], seen[0] == seen[2]) {
                (true, true) => Mapping::EndpointIndependent,
                (true, false) => Mapping::AddressDependent,
                (false, _) => Mapping::AddressAndPortDependent,
            };
            assert_eq!(found, mapping, "{seen:?}");

            // A new mapping, which only the first address and port know.
            let port = ports.next().ok_or("a port")?;
            let _listener = shared_listener(&client, port)?;
            let mapped = reflectors[0].sees(&client, port)?;
            let connects = |from: &Host, expected| -> TestResult<bool> {
                let within = if expected { PATIENCE } else { SILENCE };
                Ok(from.run(move || TcpStream::connect_timeout(&mapped, within))?.is_ok())
            };
            let from_other_port = connects(one, filtering != Filtering::AddressAndPortDependent)?;
            let from_other_address = connects(two, filtering == Filtering::EndpointIndependent)?;
            let found = match (from_other_port, from_other_address) {
                (true, true) => Filtering::EndpointIndependent,
                (true, false) => Filtering::AddressDependent,
                (false, false) => Filtering::AddressAndPortDependent,
                (false, true) => return Err("a stranger is let in before a known address".into()),
            };
            assert_eq!(found, filtering, "{mapping} mapping");
        }
    }
    Ok(())
}

/// Row 27: many mappings.
///
/// With 600 of some 32,000 ports, a hash or a guess without a look at the ports in use gives two sockets one port.
#[netns_test(requires(nat), deadline = "60s")]
fn many_mappings_share_no_port(mut lab: Lab) -> TestResult {
    const SOCKETS: usize = 600;
    let Home { client, router, servers: [server, _], .. } = home(&mut lab)?;
    let reflector = Reflector::on(&server, 3478)?;
    let never_kept = Nat::new(Mapping::EndpointIndependent, Filtering::EndpointIndependent).keeping_ports(false);
    let address_dependent = Nat::new(Mapping::AddressDependent, Filtering::EndpointIndependent);
    for nat in [address_dependent, never_kept, Nat::symmetric()] {
        router.nat(&nat.clone().outside(OUTSIDE))?;
        router.flush_nat()?;
        let sockets = (0..SOCKETS).map(|_| bound(&client)).collect::<TestResult<Vec<_>>>()?;
        let seen = sockets.iter().map(|socket| reflector.sees(socket)).collect::<TestResult<BTreeSet<_>>>()?;
        assert_eq!(seen.len(), SOCKETS, "{nat}");
        assert!(seen.iter().all(|seen| seen.port() >= 1024), "{nat}");
        assert_eq!(router.nat_mappings()?.len(), SOCKETS, "{nat}");
    }
    Ok(())
}

/// Row 32: a translation is removed.
#[netns_test(requires(nat))]
fn a_removed_translation_leaves_the_router_as_it_was(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [server, _], .. } = home(&mut lab)?;
    server.set_default_gateway(outside_address(&router)?)?;
    let settings = || {
        let of = |name| router.sysctl(&format!("net.netfilter.nf_conntrack_udp_timeout{name}"));
        Ok::<_, BoxError>([of("")?, of("_stream")?])
    };
    let before = settings()?;
    router.nat(&Nat::home().udp_timeout(Duration::from_secs(7)).outside(OUTSIDE))?;
    assert_eq!(settings()?, before, "the timeout is the table's own");
    let reflector = Reflector::on(&server, 3478)?;
    assert_eq!(reflector.sees(&bound(&client)?)?.ip(), outside_address(&router)?, "the control");
    router.remove_nat()?;
    assert_eq!(settings()?, before);
    assert_eq!(reflector.sees(&bound(&client)?)?.ip(), client.addr());
    for none in [router.remove_nat(), router.flush_nat()] {
        let none = none.unwrap_err();
        let Some(KernelError { message, attribute, .. }) = none.downcast_ref() else { panic!("{none:?}") };
        assert_eq!(none.raw_os_error(), Some(nix::libc::ENOENT), "{none}");
        // The kernel sends no sentence, and rejects the first attribute: the name of the table.
        assert_eq!((message.as_deref(), attribute.as_deref()), (None, Some("1")), "{none}");
        assert!(none.to_string().contains("netns-testkit-nat") || none.to_string().contains("the rules of"), "{none}");
    }
    Ok(())
}

/// Row 23: a refused translation changes nothing.
#[netns_test(requires(nat))]
fn a_refused_translation_changes_nothing(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [server, _], .. } = home(&mut lab)?;
    let reflector = Reflector::on(&server, 3478)?;
    router.nat(&Nat::home().outside(OUTSIDE))?;
    let socket = bound(&client)?;
    let before = (reflector.sees(&socket)?, router.nat_mappings()?);
    let IpAddr::V4(own) = outside_address(&router)? else { return Err("IPv4".into()) };
    let day = Duration::from_secs(24 * 3600);
    let refused = [
        (Nat::home().pool([own, own]), format!("from {own} to {own}")),
        (Nat::home().udp_timeout(2 * day), "172800s; the most is 86400s".to_owned()),
        (
            Nat::home().udp_timeout(Duration::ZERO),
            "the UDP timeout of the NAT is 0ns; it must be 1s or more".to_owned(),
        ),
        (Nat::home().tcp_timeout(2 * day), "the TCP timeout of the NAT is 172800s; the most is 86400s".to_owned()),
        (
            Nat::home().tcp_timeout(Duration::ZERO),
            "the TCP timeout of the NAT is 0ns; it must be 1s or more".to_owned(),
        ),
    ];
    for (nat, reason) in refused {
        let error = format!("{:#}", router.nat(&nat.outside(OUTSIDE)).expect_err("refused"));
        assert!(error.starts_with("cannot set the NAT of \"router\": ") && error.contains(&reason), "{error}");
    }
    assert_eq!((reflector.sees(&socket)?, router.nat_mappings()?), before);
    Ok(())
}

/// Row 27: port preservation and its conflict.
#[netns_test(requires(nat))]
fn a_port_is_kept_where_it_is_free(mut lab: Lab) -> TestResult {
    let Home { client, neighbour, router, servers: [server, _] } = home(&mut lab)?;
    let reflector = Reflector::on(&server, 3478)?;
    router.nat(&Nat::home().outside(OUTSIDE))?;
    let (first, second) = (client.udp_socket(40_000)?, neighbour.udp_socket(40_000)?);
    assert_eq!(reflector.sees(&first)?.port(), 40_000);
    assert_ne!(reflector.sees(&second)?.port(), 40_000, "it is taken");
    router.nat(&Nat::home().keeping_ports(false).outside(OUTSIDE))?;
    router.flush_nat()?;
    assert_ne!(reflector.sees(&first)?.port(), 40_000);
    Ok(())
}

/// Row 27: two insides with one port.
///
/// RFC 4787, REQ-1 and REQ-3: the kernel alone would give both one port, as their destinations differ.
#[netns_test(requires(nat))]
fn two_insides_with_one_port_have_two_outside_ports(mut lab: Lab) -> TestResult {
    let Home { client, neighbour, router, servers: [first_server, second_server] } = home(&mut lab)?;
    let (one, two) = (Reflector::on(&first_server, 3478)?, Reflector::on(&second_server, 3478)?);
    router.nat(&Nat::home().outside(OUTSIDE))?;
    let (first, second) = (client.udp_socket(40_000)?, neighbour.udp_socket(40_000)?);
    let of_first = one.sees(&first)?;
    let of_second = two.sees(&second)?;
    assert_ne!(of_first, of_second);
    assert_eq!((two.sees(&first)?, one.sees(&second)?), (of_first, of_second), "each keeps its own");
    Ok(())
}

/// Rows 28, 40: hairpin on and off; both behind one NAT.
#[netns_test(requires(nat))]
fn hosts_behind_one_router_reach_each_other_by_hairpin_only(mut lab: Lab) -> TestResult {
    let Home { client, neighbour, router, servers: [server, _] } = home(&mut lab)?;
    let reflector = Reflector::on(&server, 3478)?;
    let (one, other) = (bound(&client)?, bound(&neighbour)?);
    router.nat(&Nat::home().hairpinning(false).outside(OUTSIDE))?;
    let mapped = reflector.sees(&other)?;
    assert!(!reaches(&one, mapped, &other, SILENCE)?);
    router.nat(&Nat::home().outside(OUTSIDE))?;
    router.flush_nat()?;
    let mapped = reflector.sees(&other)?;
    assert!(reaches(&one, mapped, &other, PATIENCE)?);
    let inside = SocketAddr::new(neighbour.addr(), unmapped(other.local_addr()?).port());
    assert!(reaches(&one, inside, &other, PATIENCE)?, "by the inside address they always do");
    Ok(())
}

/// Row 38: port forwarding.
#[netns_test(requires(nat))]
fn a_forwarded_port_leads_inside(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [server, _], .. } = home(&mut lab)?;
    let IpAddr::V4(inside) = client.addr() else { return Err("IPv4".into()) };
    let forward = |nat: Nat| nat.forward(NatTransport::Tcp, 8080, SocketAddrV4::new(inside, 80)).outside(OUTSIDE);
    let listener = client.tcp_listener(80)?;
    router.nat(&Nat::home().outside(OUTSIDE))?;
    let to = SocketAddr::new(outside_address(&router)?, 8080);
    let connect = |within| server.run(move || TcpStream::connect_timeout(&to, within));
    assert!(connect(SILENCE)?.is_err(), "the control");
    router.nat(&forward(Nat::home()))?;
    let accepted = thread::spawn(move || -> std::io::Result<()> {
        let mut stream = listener.accept()?.0;
        stream.write_all(b"inside")
    });
    let mut text = String::new();
    connect(PATIENCE)??.read_to_string(&mut text)?;
    accepted.join().map_err(|_| "panicked")??;
    assert_eq!(text, "inside");
    Ok(())
}

/// Row 32: mappings are listed and flushed.
#[netns_test(requires(nat))]
fn mappings_are_listed_and_flushed(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [server, _], .. } = home(&mut lab)?;
    let reflector = Reflector::on(&server, 3478)?;
    router.nat(&Nat::symmetric().outside(OUTSIDE))?;
    let socket = bound(&client)?;
    let before = reflector.sees(&socket)?;
    let mappings = router.nat_mappings()?;
    let mapping = mappings.iter().find(|mapping| SocketAddr::from(mapping.outside) == before).ok_or("it is listed")?;
    assert_eq!(mapping.inside.port(), unmapped(socket.local_addr()?).port());
    assert_eq!(reflector.sees(&socket)?, before, "the control: a mapping stays");
    router.flush_nat()?;
    assert!(router.nat_mappings()?.is_empty());
    assert_ne!(reflector.sees(&socket)?, before, "a new mapping has another port");
    Ok(())
}

/// Row 29: time-out of a UDP mapping.
#[netns_test(requires(nat), deadline = "60s")]
fn a_mapping_ends_when_nothing_refreshes_it(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [server, _], .. } = home(&mut lab)?;
    let reflector = Reflector::on(&server, 3478)?;
    let timeout = Duration::from_secs(2);
    router.nat(&Nat::full_cone().udp_timeout(timeout).outside(OUTSIDE))?;
    let socket = bound(&client)?;
    let mapped = reflector.sees(&socket)?;
    let from = bound(&server)?;
    // Twice its timeout, by packets of the outside only.
    let start = Instant::now();
    let mut last = start;
    while start.elapsed() < 2 * timeout {
        last = Instant::now();
        assert!(reaches(&from, mapped, &socket, PATIENCE)?, "it is refreshed");
        thread::sleep(timeout / 8);
        assert!(!router.nat_mappings()?.is_empty(), "it is listed after {:?}", start.elapsed());
    }
    wait_until(Deadline::after(3 * timeout), Duration::from_millis(50), || match router.nat_mappings() {
        Ok(mappings) if mappings.is_empty() => ControlFlow::Break(Ok(())),
        Ok(mappings) => ControlFlow::Continue(mappings),
        Err(error) => ControlFlow::Break(Err(error)),
    })??;
    assert!(last.elapsed() >= timeout, "it ended after {:?}", last.elapsed());
    assert!(!reaches(&bound(&server)?, mapped, &socket, SILENCE)?);
    Ok(())
}

/// Row 29: the port of a mapping in use is not given out again.
///
/// A mapping that only the outside refreshes keeps its port: by a connection of the inside, and by one of the outside.
#[netns_test(requires(nat), deadline = "60s")]
fn a_port_of_a_mapping_in_use_is_not_given_out_again(mut lab: Lab) -> TestResult {
    let Home { client, neighbour, router, servers: [server, other] } = home(&mut lab)?;
    let reflector = Reflector::on(&server, 3478)?;
    let timeout = Duration::from_secs(2);
    router.nat(&Nat::full_cone().udp_timeout(timeout).outside(OUTSIDE))?;
    let socket = client.udp_socket(4000)?;
    let mapped = reflector.sees(&socket)?;
    assert_eq!(mapped.port(), 4000, "a port is kept where it is free");
    let from = bound(&other)?;
    let start = Instant::now();
    while start.elapsed() < 2 * timeout {
        assert!(reaches(&from, mapped, &socket, PATIENCE)?, "a connection of the outside");
        thread::sleep(timeout / 8);
    }
    let second = neighbour.udp_socket(4000)?;
    assert_ne!(reflector.sees(&second)?, mapped);
    assert!(reaches(&from, mapped, &socket, PATIENCE)?, "the mapping still leads to the client");
    wait_until(Deadline::after(5 * timeout), Duration::from_millis(50), || match router.nat_mappings() {
        Ok(mappings) if mappings.is_empty() => ControlFlow::Break(Ok(())),
        Ok(mappings) => ControlFlow::Continue(mappings),
        Err(error) => ControlFlow::Break(Err(error)),
    })??;
    drop((socket, second));
    assert_eq!(reflector.sees(&neighbour.udp_socket(4000)?)?.port(), 4000, "the control");
    Ok(())
}

/// Row 30: double NAT.
#[netns_test(requires(nat))]
fn two_translations_in_a_row(mut lab: Lab) -> TestResult {
    let client = lab.host("client");
    let [home, carrier] = ["home", "carrier"].map(|name| lab.router(name));
    let server = lab.host("server");
    lab.link(&client, &home);
    lab.link(&home, &carrier);
    lab.link(&carrier, &server);
    lab.gateway(&client, &home);
    lab.gateway(&home, &carrier);
    lab.gateway(&server, &carrier);
    lab.up()?;
    home.nat(&Nat::home())?;
    carrier.nat(&Nat::symmetric().outside("eth1"))?;
    let seen = Reflector::on(&server, 3478)?.sees(&bound(&client)?)?;
    assert_eq!(seen.ip(), outside_address(&carrier)?);
    assert_eq!(home.nat_mappings()?.len(), 1);
    assert_eq!(carrier.nat_mappings()?.len(), 1);
    Ok(())
}

/// Row 23: a translation without an outside is refused.
#[netns_test(requires(nat))]
fn a_translation_without_an_outside_is_refused(mut lab: Lab) -> TestResult {
    let Home { router, .. } = home(&mut lab)?;
    let refused = format!("{:#}", router.nat(&Nat::home()).expect_err("it has no default route"));
    assert!(refused.contains("router") && refused.contains("Nat::outside"), "{refused}");
    let unknown = format!("{:#}", router.nat(&Nat::home().outside("wan0")).expect_err("no such device"));
    assert!(unknown.contains("wan0") && unknown.contains("eth0"), "{unknown}");
    let foreign = Nat::home().outside(OUTSIDE).pool(["192.0.2.7".parse()?]);
    let foreign = format!("{:#}", router.nat(&foreign).expect_err("not its address"));
    assert!(foreign.contains("192.0.2.7"), "{foreign}");
    Ok(())
}

/// Row 23: a host that forwards nothing translates nothing.
///
/// A host with two links that forwards nothing translates nothing, and its filter would be about what it receives.
#[netns_test(requires(nat))]
fn a_host_that_forwards_nothing_translates_nothing(mut lab: Lab) -> TestResult {
    let [inside, gateway, outside] = ["inside", "gateway", "outside"].map(|name| lab.host(name));
    lab.link(&inside, &gateway);
    lab.link(&gateway, &outside);
    lab.up()?;
    let nat = Nat::home().outside(OUTSIDE);
    for refused in [gateway.nat(&nat), gateway.behave_as(RouterPreset::Home, OUTSIDE)] {
        let refused = format!("{:#}", refused.expect_err("it does not forward"));
        assert!(refused.contains("\"gateway\" forwards no IPv4 packets"), "{refused}");
    }
    assert!(gateway.nat_mappings().is_err() && gateway.firewall_counters()?.is_empty(), "nothing was set");
    gateway.set_sysctl("net.ipv4.ip_forward", "1")?;
    gateway.nat(&nat)?;
    Ok(())
}

/// Row 23: a dummy device is not the inside of a router.
#[netns_test(requires(dummy, nat))]
fn a_dummy_device_is_not_the_inside_of_a_router(mut lab: Lab) -> TestResult {
    let (router, outside) = (lab.router("router"), lab.host("outside"));
    lab.link(&router, &outside);
    lab.up()?;
    router.add_device(Dummy::new())?;
    let refused = format!("{:#}", router.behave_as(RouterPreset::Home, "eth0").expect_err("it has no inside"));
    assert!(refused.contains("\"router\" has 1 links"), "{refused}");
    Ok(())
}

/// Row 39: ICMP errors pass a NAT both ways.
///
/// The error quotes the packet that it is about, with addresses that must be translated back; RFC 5508, REQ-3 to REQ-5.
#[netns_test(requires(nat))]
fn icmp_errors_pass_a_translation_both_ways(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [server, _], .. } = home(&mut lab)?;
    router.nat(&Nat::full_cone().outside(OUTSIDE))?;
    let refused = |socket: &UdpSocket| -> TestResult<_> {
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.send(b"anybody?")?;
        Ok(socket.recv(&mut [0; 8]).map_err(|error| error.kind()))
    };
    // Inwards: the server has no socket.
    let from_inside = client.udp_socket_at((Ipv4Addr::UNSPECIFIED, 0))?;
    client.run(|| from_inside.connect((server.ipv4(), 9)))??;
    assert_eq!(refused(&from_inside)?, Err(ErrorKind::ConnectionRefused));
    // Outwards: the client's socket behind a mapping is gone.
    let reflector = Reflector::on(&server, 3478)?;
    let mapped = {
        let socket = bound(&client)?;
        reflector.sees(&socket)?
    };
    let from_outside = server.udp_socket_at((Ipv4Addr::UNSPECIFIED, 0))?;
    server.run(|| from_outside.connect(mapped))??;
    assert_eq!(refused(&from_outside)?, Err(ErrorKind::ConnectionRefused));
    Ok(())
}

/// Row 23: the address that a server sees.
#[netns_test(requires(nat))]
fn a_reflector_sees_the_outermost_address(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [server, _], .. } = home(&mut lab)?;
    let reflector = server.reflector(3478)?;
    router.nat(&Nat::symmetric().outside(OUTSIDE))?;
    let socket = bound(&client)?;
    let seen = reflector.observe(&socket)?;
    assert_eq!(seen.ip(), outside_address(&router)?);
    assert_ne!(seen.port(), socket.local_addr()?.port());
    assert_eq!(reflector.observe(&socket)?, seen, "one mapping");
    assert_eq!(router.observed_address(&reflector)?.ip(), outside_address(&router)?);
    router.link_down(OUTSIDE)?;
    assert_eq!(client.observed_address(&reflector).unwrap_err().kind(), netns_fixtures::ErrorKind::Timeout);
    Ok(())
}

/// Rows 23, 29, 42: ready-made routers.
///
/// The reach of a client behind each ready-made router: UDP to a server, TCP to port 443 and another port, one mapping for two servers.
#[netns_test(requires(nat, ipv6), deadline = "60s")]
fn ready_made_routers_are_as_their_networks(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [one, other], .. } = home(&mut lab)?;
    let reflectors = [Reflector::on(&one, 3478)?, Reflector::on(&other, 3478)?];
    let _listeners = (one.tcp_listener(443)?, one.tcp_listener(8080)?, client.tcp_listener(443)?);
    let router_ipv6 = router.device(OUTSIDE)?.addresses.iter().map(IpNet::addr).find(IpAddr::is_ipv6).ok_or("IPv6")?;
    one.set_default_gateway(router_ipv6)?;
    let refused = format!("{:#}", client.behave_as(RouterPreset::Home, "eth0").expect_err("it has no inside"));
    assert!(refused.contains("\"client\" has 1 links"), "{refused}");
    for (preset, udp, other_tcp, one_mapping) in [
        (RouterPreset::Home, true, true, true),
        (RouterPreset::Corporate, false, false, false),
        (RouterPreset::Hotel, false, false, false),
        (RouterPreset::Cloud, true, true, false),
        (RouterPreset::MobileCarrier, true, true, true),
    ] {
        router.behave_as(preset, OUTSIDE)?;
        router.flush_nat()?;
        let socket = bound(&client)?;
        let seen = reflectors[0].sees(&socket);
        assert_eq!(seen.is_ok(), udp, "{preset:?}");
        client.tcp_connect((one.ipv4(), 443))?;
        let timeout = if other_tcp { PATIENCE } else { SILENCE };
        // IPv6 is not translated: the filter alone keeps the outside out.
        let begun = SocketAddr::new(client.ipv6().into(), 443);
        let begun = one.run(move || TcpStream::connect_timeout(&begun, SILENCE))?.is_ok();
        assert_eq!(begun, preset == RouterPreset::MobileCarrier, "{preset:?}");
        let connected = client.connect(&one, Protocol::Tcp, 8080).ipv4().timeout(timeout).run()?.is_connected();
        assert_eq!(connected, other_tcp, "{preset:?}");
        if let Ok(seen) = seen {
            assert_eq!(reflectors[1].sees(&socket)? == seen, one_mapping, "{preset:?}");
            assert_eq!(seen.ip(), outside_address(&router)?);
        }
    }
    Ok(())
}

/// Row 36: NAT66: the prefix changes, the rest stays.
///
/// The prefix changes, the rest of the address and the port stay, and the outside reaches the inside.
#[netns_test(requires(nat, ipv6))]
fn a_site_has_another_prefix_outside(mut lab: Lab) -> TestResult {
    let [client, server] = ["client", "server"].map(|name| lab.host(name));
    let router = lab.router("router");
    lab.link(&client, &router);
    lab.link(&router, &server);
    lab.gateway(&client, &router);
    lab.gateway(&server, &router);
    lab.up()?;
    let (inside, outside) = (format!("{}/64", client.ipv6()).parse()?, "2001:db8:1:2::/64".parse()?);
    router.translate_prefix(inside, outside, "eth1")?;
    let rest = u128::from(client.ipv6()) & u128::from(u64::MAX);
    let translated = Ipv6Addr::from(u128::from(outside.addr()) | rest);
    let [here, there] = [(&client, 4000), (&server, 5000)].map(|(host, port)| host.udp_socket(port));
    let (here, there) = (here?, there?);
    there.set_read_timeout(Some(PATIENCE))?;
    here.send_to(b"hello", (server.ipv6(), 5000))?;
    let (_, from) = there.recv_from(&mut [0; 8])?;
    assert_eq!(from, SocketAddr::from((translated, 4000)));
    assert!(reaches(&there, from, &here, PATIENCE)?, "the answer");
    // A connection that starts outside.
    let unknown = client.udp_socket(4001)?;
    assert!(reaches(&there, SocketAddr::from((translated, 4001)), &unknown, PATIENCE)?);
    let refused = router.translate_prefix(inside, "2001:db8:1::/48".parse()?, "eth1").expect_err("two lengths");
    assert!(format!("{refused:#}").contains("must have one length and differ"), "{refused}");
    router.remove_prefix_translation()?;
    let other = client.udp_socket(4002)?;
    other.send_to(b"hello", (server.ipv6(), 5000))?;
    assert_eq!(there.recv_from(&mut [0; 8])?.1, SocketAddr::from((client.ipv6(), 4002)), "the control");
    Ok(())
}
