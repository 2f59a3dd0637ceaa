//! Address translation: rows 23 to 40, as far as they are built.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, TcpStream, UdpSocket};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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
const MAPPINGS: [Mapping; 3] =
    [Mapping::EndpointIndependent, Mapping::AddressDependent, Mapping::AddressAndPortDependent];
const FILTERINGS: [Filtering; 3] =
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
        let error = router.nat(&nat.outside(OUTSIDE)).expect_err("refused").to_string();
        assert!(error.starts_with("cannot set the NAT of \"router\": ") && error.contains(&reason), "{error}");
    }
    assert_eq!((reflector.sees(&socket)?, router.nat_mappings()?), before);
    Ok(())
}

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

/// The router forgets a session that sends all the time, each time.
#[netns_test(requires(nat), deadline = "60s")]
fn mappings_are_flushed_under_traffic(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [server, _], .. } = home(&mut lab)?;
    router.nat(&Nat::symmetric().outside(OUTSIDE))?;
    let (sender, receiver) = (bound(&client)?, server.udp_socket(5000)?);
    receiver.set_read_timeout(Some(PATIENCE))?;
    let (is_over, sent) = (AtomicBool::new(false), AtomicU64::new(0));
    let to = SocketAddr::new(server.addr(), 5000);
    let ports = thread::scope(|scope| {
        scope.spawn(|| {
            // 5,000 a second.
            while !is_over.load(Ordering::SeqCst) {
                let number = sent.fetch_add(1, Ordering::SeqCst);
                let _ = sender.send_to(&number.to_be_bytes(), to);
                thread::sleep(Duration::from_micros(200));
            }
        });
        // The port of a packet with this number or a later one: earlier packets may still wait in the socket.
        let port_from = |least: u64| -> TestResult<u16> {
            let mut number = [0; 8];
            loop {
                let (_, from) = receiver.recv_from(&mut number)?;
                if u64::from_be_bytes(number) >= least {
                    return Ok(from.port());
                }
            }
        };
        let run = || -> TestResult<Vec<u16>> {
            let mut ports = vec![port_from(0)?];
            for _ in 0..20 {
                router.flush_nat()?;
                ports.push(port_from(sent.load(Ordering::SeqCst))?);
            }
            Ok(ports)
        };
        let ports = run().map_err(|error| error.to_string());
        is_over.store(true, Ordering::SeqCst);
        ports
    })?;
    let kept = ports.windows(2).filter(|pair| pair[0] == pair[1]).count();
    assert_eq!(kept, 0, "{ports:?}");
    Ok(())
}

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

/// The kinds with which a connection begins where both send to the address that a server has seen of the other: all nine on both sides, against
/// what follows from RFC 4787, section 4.1 and 5.
#[netns_test(requires(nat), deadline = "180s")]
fn holes_are_punched_where_the_kinds_allow_it(mut lab: Lab) -> TestResult {
    let outside = lab.switch("internet");
    let server = lab.host("server");
    lab.link(&server, outside.as_host());
    let homes = ["left", "right"].map(|name| {
        let client = lab.host(format!("{name}-client"));
        let router = lab.router(format!("{name}-router"));
        lab.link(&client, &router);
        lab.link(&router, outside.as_host());
        lab.gateway(&client, &router);
        (client, router)
    });
    lab.up()?;
    let reflector = Reflector::on(&server, 3478)?;
    let kinds: Vec<Kind> =
        MAPPINGS.into_iter().flat_map(|mapping| FILTERINGS.map(|filtering| (mapping, filtering))).collect();
    let documented = include_str!("../../../docs/networks-outside.md");
    let mut connections = 0;
    for (place, left) in kinds.iter().enumerate() {
        let cells = kinds.iter().map(|right| if opens(*left, *right) || opens(*right, *left) { "yes" } else { "no" });
        let row = format!("| {} | {} |\n", letters(*left), cells.collect::<Vec<_>>().join(" | "));
        assert!(documented.contains(&row), "docs/networks-outside.md lacks {row}");
        // The other order of a pair is the same network with its sides exchanged.
        for right in &kinds[place..] {
            let [one, other] = [bound(&homes[0].0)?, bound(&homes[1].0)?];
            for ((_, router), (mapping, filtering)) in homes.iter().zip([left, right]) {
                router.nat(&Nat::new(*mapping, *filtering).outside(OUTSIDE))?;
                router.flush_nat()?;
            }
            let expected = opens(*left, *right) || opens(*right, *left);
            connections += u32::from(expected);
            // A connection takes three steps, and a second is enough for five steps of 200 ms.
            let within = if expected { PATIENCE } else { Duration::from_secs(1) };
            let connected = punched(&reflector, &one, &other, within)?;
            assert_eq!(connected, expected, "{left:?} and {right:?}");
        }
    }
    // The function can be wrong in both directions.
    assert_eq!(connections, 31, "of 45 pairs");
    Ok(())
}

type Kind = (Mapping, Filtering);

/// The name of a kind in the table of the guide.
fn letters((mapping, filtering): Kind) -> String {
    let of_mapping = match mapping {
        Mapping::EndpointIndependent => 'I',
        Mapping::AddressDependent => 'A',
        Mapping::AddressAndPortDependent => 'P',
    };
    let of_filtering = match filtering {
        Filtering::EndpointIndependent => 'I',
        Filtering::AddressDependent => 'A',
        Filtering::AddressAndPortDependent => 'P',
    };
    [of_mapping, of_filtering].into_iter().collect()
}

/// Whether a packet of one side to the address that the server has seen of the other arrives there. Both sides send such packets. The answer is of
/// the same session: it comes from the address that the packet went to, from which every filtering lets it in.
fn opens((mapping, _): Kind, (to_mapping, to_filtering): Kind) -> bool {
    // Towards the other side, every mapping that depends on the destination has another port than the server has seen.
    let (keeps_port, other_keeps_port) = [mapping, to_mapping].map(|of| of == Mapping::EndpointIndependent).into();
    match to_filtering {
        Filtering::EndpointIndependent => true,
        // The port that the server has seen must be the one from which the other side has sent to this one,
        Filtering::AddressDependent => other_keeps_port,
        // and to the port from which this packet comes.
        Filtering::AddressAndPortDependent => other_keeps_port && keeps_port,
    }
}

/// Both send to the address that the server saw of the other, repeatedly during the time, and answer to the source of each
/// datagram. Returns at once when an answer arrives.
fn punched(reflector: &Reflector, one: &UdpSocket, other: &UdpSocket, within: Duration) -> TestResult<bool> {
    let (of_one, of_other) = (reflector.sees(one)?, reflector.sees(other)?);
    let sides = [(one, of_other), (other, of_one)];
    let mut buffer = [0; 64];
    let end = Instant::now() + within;
    while Instant::now() < end {
        for (socket, to) in sides {
            socket.send_to(b"punch", to)?;
        }
        for (socket, _) in sides {
            socket.set_read_timeout(Some(Duration::from_millis(40)))?;
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                match &buffer[..length] {
                    b"punch" => drop(socket.send_to(b"answer", from)?),
                    b"answer" => return Ok(true),
                    _ => {}
                }
            }
        }
    }
    Ok(false)
}

#[netns_test(requires(nat))]
fn a_translation_without_an_outside_is_refused(mut lab: Lab) -> TestResult {
    let Home { router, .. } = home(&mut lab)?;
    let refused = router.nat(&Nat::home()).expect_err("it has no default route").to_string();
    assert!(refused.contains("router") && refused.contains("Nat::outside"), "{refused}");
    let unknown = router.nat(&Nat::home().outside("wan0")).expect_err("no such device").to_string();
    assert!(unknown.contains("wan0") && unknown.contains("eth0"), "{unknown}");
    let foreign = Nat::home().outside(OUTSIDE).pool(["192.0.2.7".parse()?]);
    let foreign = router.nat(&foreign).expect_err("not its address").to_string();
    assert!(foreign.contains("192.0.2.7"), "{foreign}");
    Ok(())
}

/// A host with two links that forwards nothing translates nothing, and its filter would be about what it receives.
#[netns_test(requires(nat))]
fn a_host_that_forwards_nothing_translates_nothing(mut lab: Lab) -> TestResult {
    let [inside, gateway, outside] = ["inside", "gateway", "outside"].map(|name| lab.host(name));
    lab.link(&inside, &gateway);
    lab.link(&gateway, &outside);
    lab.up()?;
    let nat = Nat::home().outside(OUTSIDE);
    for refused in [gateway.nat(&nat), gateway.behave_as(RouterPreset::Home, OUTSIDE)] {
        let refused = refused.expect_err("it does not forward").to_string();
        assert!(refused.contains("\"gateway\" forwards no IPv4 packets"), "{refused}");
    }
    assert!(gateway.nat_mappings().is_err() && gateway.firewall_counters()?.is_empty(), "nothing was set");
    gateway.set_sysctl("net.ipv4.ip_forward", "1")?;
    gateway.nat(&nat)?;
    Ok(())
}

#[netns_test(requires(dummy, nat))]
fn a_dummy_device_is_not_the_inside_of_a_router(mut lab: Lab) -> TestResult {
    let (router, outside) = (lab.router("router"), lab.host("outside"));
    lab.link(&router, &outside);
    lab.up()?;
    router.add_device(Dummy::new())?;
    let refused = router.behave_as(RouterPreset::Home, "eth0").expect_err("it has no inside").to_string();
    assert!(refused.contains("\"router\" has 1 links"), "{refused}");
    Ok(())
}

#[netns_test(requires(nat))]
fn each_inside_address_keeps_one_of_several_outside_addresses(mut lab: Lab) -> TestResult {
    let Home { client, neighbour, router, servers: [server, _] } = home(&mut lab)?;
    let first = outside_address(&router)?;
    let IpAddr::V4(first_ipv4) = first else { return Err("IPv4".into()) };
    let second = Ipv4Addr::from(u32::from(first_ipv4) + 20);
    router.add_address(OUTSIDE, IpNet::new(second.into(), 24)?)?;
    let reflector = Reflector::on(&server, 3478)?;
    router.nat(&Nat::home().pool([second]).outside(OUTSIDE))?;
    assert_eq!(reflector.sees(&bound(&client)?)?.ip(), second, "the pool is used, not the first address");
    let gap = router.nat(&Nat::home().pool([first_ipv4, second]).outside(OUTSIDE)).expect_err("refused").to_string();
    assert!(gap.contains(&second.to_string()), "{gap}");
    let third = Ipv4Addr::from(u32::from(second) + 1);
    router.add_address(OUTSIDE, IpNet::new(third.into(), 24)?)?;
    router.nat(&Nat::home().pool([second, third]).outside(OUTSIDE))?;
    router.flush_nat()?;
    for host in [&client, &neighbour] {
        let [one, other] = [reflector.sees(&bound(host)?)?.ip(), reflector.sees(&bound(host)?)?.ip()];
        assert_eq!(one, other, "all sockets of an inside address have one outside address");
        assert!(one == second || one == third, "{one}");
    }
    Ok(())
}

/// As after a router that was restarted: a session of UDP goes on by an identifier of its own, as QUIC does.
#[netns_test(requires(nat))]
fn a_session_sees_its_port_and_its_address_rebound(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [server, _], .. } = home(&mut lab)?;
    let reflector = Reflector::on(&server, 3478)?;
    router.nat(&Nat::symmetric().outside(OUTSIDE))?;
    let session = bound(&client)?;
    let before = reflector.sees(&session)?;
    router.flush_nat()?;
    let other_port = reflector.sees(&session)?;
    assert_eq!(other_port.ip(), before.ip());
    assert_ne!(other_port.port(), before.port());

    let IpAddr::V4(first) = before.ip() else { return Err("IPv4".into()) };
    let second = Ipv4Addr::from(u32::from(first) + 20);
    router.add_address(OUTSIDE, IpNet::new(second.into(), 24)?)?;
    router.nat(&Nat::symmetric().pool([second]).outside(OUTSIDE))?;
    assert_eq!(reflector.sees(&session)?.ip(), first, "the control: a mapping stays until it is flushed");
    router.flush_nat()?;
    assert_eq!(reflector.sees(&session)?.ip(), second);
    Ok(())
}

#[netns_test(requires(nat))]
fn the_kind_of_a_translation_changes_while_it_runs(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [one, other], .. } = home(&mut lab)?;
    let reflectors = [Reflector::on(&one, 3478)?, Reflector::on(&other, 3478)?];
    let socket = bound(&client)?;
    let mapped = || -> TestResult<_> { Ok((reflectors[0].sees(&socket)?, reflectors[1].sees(&socket)?)) };
    for (nat, is_one_mapping) in [(Nat::home(), true), (Nat::symmetric(), false), (Nat::home(), true)] {
        router.nat(&nat.outside(OUTSIDE))?;
        router.flush_nat()?;
        let (by_one, by_other) = mapped()?;
        assert_eq!(by_one == by_other, is_one_mapping, "{by_one} and {by_other}");
    }
    Ok(())
}

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

/// Carrier-grade NAT: between the homes and their carrier are addresses of RFC 6598.
#[netns_test(requires(nat))]
fn two_homes_share_the_outside_address_of_their_carrier(mut lab: Lab) -> TestResult {
    let access = lab.switch("access");
    access.subnet(&mut lab, "100.64.0.0/24".parse()?, "fd64::/64".parse()?);
    let (carrier, server) = (lab.router("carrier"), lab.host("server"));
    lab.link(&carrier, &access);
    lab.link(&carrier, &server);
    let homes = ["left", "right"].map(|name| (lab.host(format!("{name}-client")), lab.router(format!("{name}-home"))));
    for (client, home) in &homes {
        lab.link(client, home);
        lab.link(home, &access);
        lab.gateway(client, home);
        lab.gateway(home, &carrier);
    }
    lab.up()?;
    carrier.nat(&Nat::port_restricted_cone().outside(OUTSIDE))?;
    let reflector = Reflector::on(&server, 3478)?;
    let mut seen = BTreeSet::new();
    for (client, home) in &homes {
        home.nat(&Nat::home())?;
        let mapped = reflector.sees(&client.udp_socket(40_000)?)?;
        assert_eq!(mapped.ip(), outside_address(&carrier)?);
        seen.insert(mapped);
    }
    assert_eq!(seen.len(), 2, "each home has a port of its own: {seen:?}");
    let insides: Vec<_> = carrier.nat_mappings()?.into_iter().map(|mapping| mapping.inside.ip().octets()).collect();
    assert!(insides.len() == 2 && insides.iter().all(|inside| inside[..2] == [100, 64]), "{insides:?}");
    Ok(())
}

/// Both clients use one inside port, so the second one would get the outside port of the first if the new table did not know it.
#[netns_test(requires(nat))]
fn a_second_translation_knows_the_ports_of_running_connections(mut lab: Lab) -> TestResult {
    let Home { client, neighbour, router, servers: [one, other] } = home(&mut lab)?;
    let reflectors = [Reflector::on(&one, 3478)?, Reflector::on(&other, 3478)?];
    router.nat(&Nat::home().outside(OUTSIDE))?;
    let [first, second] = [client.udp_socket(4000)?, neighbour.udp_socket(4000)?];
    let running = reflectors[0].sees(&first)?;
    assert_eq!(running.port(), 4000, "the control: it is the inside port");
    router.nat(&Nat::home().outside(OUTSIDE))?;
    // Another destination: connection tracking alone would take these two for different connections.
    let new = reflectors[1].sees(&second)?;
    assert_ne!(new, running);
    assert_eq!(reflectors[0].sees(&first)?, running, "the running connection keeps its mapping");
    router.flush_nat()?;
    router.nat(&Nat::home().outside(OUTSIDE))?;
    assert_eq!(reflectors[1].sees(&second)?.port(), 4000, "without the connection, the port is free");
    Ok(())
}

/// The socket is the same on both sides of the change, and its second destination is new to connection tracking.
#[netns_test(requires(nat))]
fn a_second_translation_shares_the_mapping_of_a_running_connection(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [one, other], .. } = home(&mut lab)?;
    let reflectors = [Reflector::on(&one, 3478)?, Reflector::on(&other, 3478)?];
    let restricted = Nat::address_restricted_cone().outside(OUTSIDE);
    router.nat(&restricted)?;
    let socket = client.udp_socket(4000)?;
    let mapped = reflectors[0].sees(&socket)?;
    router.nat(&restricted)?;
    assert!(reaches(&bound(&one)?, mapped, &socket, PATIENCE)?, "from an address that the inside has sent to");
    assert!(!reaches(&bound(&other)?, mapped, &socket, SILENCE)?, "the control: from another address");
    assert_eq!(reflectors[1].sees(&socket)?, mapped);

    router.nat(&Nat::symmetric().outside(OUTSIDE))?;
    let by_new_port = Reflector::on(&one, 3479)?.sees(&socket)?;
    assert_ne!(by_new_port, mapped, "the new kind has a mapping for each destination");
    assert_eq!(reflectors[0].sees(&socket)?, mapped);
    Ok(())
}

#[netns_test(requires(nat))]
fn a_translation_follows_the_outside_address(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [server, _], .. } = home(&mut lab)?;
    router.nat(&Nat::home().outside(OUTSIDE))?;
    let reflector = server.reflector(3478)?;
    let old = *router.device(OUTSIDE)?.addresses.iter().find(|net| net.addr().is_ipv4()).ok_or("an address")?;
    assert_eq!(client.observed_address(&reflector)?.ip(), old.addr());
    let IpAddr::V4(address) = old.addr() else { return Err("IPv4".into()) };
    let new = IpNet::new(Ipv4Addr::from(u32::from(address) + 20).into(), old.prefix_len())?;
    router.replace_address(OUTSIDE, old, new)?;
    assert_eq!(client.observed_address(&reflector)?.ip(), new.addr());
    router.remove_address(OUTSIDE, new)?;
    router.add_address(OUTSIDE, old)?;
    assert_eq!(client.observed_address(&reflector)?.ip(), old.addr());
    router.remove_nat()?;
    router.replace_address(OUTSIDE, old, new)?;
    assert!(router.nat_mappings().is_err(), "a removed translation stays removed");
    Ok(())
}

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

/// Each inside address has the ports of its block, and nobody else has them.
#[netns_test(requires(nat), deadline = "90s")]
fn each_subscriber_of_a_carrier_has_a_block_of_ports(mut lab: Lab) -> TestResult {
    let Home { client, neighbour, router, servers: [server, _] } = home(&mut lab)?;
    let reflector = Reflector::on(&server, 3478)?;
    let carrier = || Nat::full_cone().keeping_ports(false).outside(OUTSIDE);
    router.nat(&carrier().port_block(client.ipv4(), 2000..=2007).port_block(neighbour.ipv4(), 3000..=3999))?;
    // A datagram finds one free port of eight in 41% of cases: of fifty, one does.
    let mapped = |socket: &UdpSocket| -> TestResult<Option<u16>> {
        for _ in 0..50 {
            if let Some(seen) = reflector.sees_within(socket, Duration::from_millis(50))? {
                return Ok(Some(seen.port()));
            }
        }
        Ok(None)
    };
    let sockets: Vec<UdpSocket> = (0..10).map(|_| bound(&client)).collect::<TestResult<_>>()?;
    let ports: Vec<Option<u16>> = sockets.iter().map(mapped).collect::<TestResult<_>>()?;
    let of_block: BTreeSet<u16> = ports.iter().take(8).copied().flatten().collect();
    assert!(of_block.into_iter().eq(2000..=2007), "a block is used to its last port: {ports:?}");
    assert_eq!(ports[8..], [None, None], "and no further");
    router.flush_nat()?;
    assert!(mapped(&sockets[9])?.is_some(), "the control");
    assert!((3000..=3999).contains(&reflector.sees(&bound(&neighbour)?)?.port()));
    // Others get no port of a block, and lose no packet to it: this one has nearly all of the random ports.
    router.nat(&carrier().port_block(client.ipv4(), 1024..=32_600))?;
    let sockets: Vec<UdpSocket> = (0..8).map(|_| bound(&neighbour)).collect::<TestResult<_>>()?;
    let seen: Vec<u16> = sockets.iter().map(|socket| Ok(reflector.sees(socket)?.port())).collect::<TestResult<_>>()?;
    assert!(seen.iter().all(|port| *port > 32_600), "{seen:?}");
    Ok(())
}

#[netns_test(requires(nat))]
fn pools_and_blocks_that_overlap_are_refused(mut lab: Lab) -> TestResult {
    let Home { client, neighbour, router, .. } = home(&mut lab)?;
    let IpAddr::V4(outside) = outside_address(&router)? else { return Err("IPv4".into()) };
    let blocks = Nat::home().outside(OUTSIDE).port_block(client.ipv4(), 2000..=2999);
    let forward = |port| (NatTransport::Tcp, port, SocketAddrV4::new(client.ipv4(), 80));
    let twice = |nat: Nat, (transport, port, to)| nat.forward(transport, port, to);
    let (one, other) = (client.ipv4(), neighbour.ipv4());
    let cases = [
        (Nat::home().outside(OUTSIDE).pool([outside, outside]), "its addresses must follow each other".to_owned()),
        (
            blocks.clone().port_block(other, 2999..=3100),
            format!("the block of {other} with the ports 2999 to 3100 overlaps the block of {one}"),
        ),
        (
            blocks.clone().port_block(one, 4000..=4999),
            format!("the block of {one} with the ports 4000 to 4999 overlaps"),
        ),
        (blocks.clone().port_block(other, 0..=10), "it must have one port or more, from 1 on".to_owned()),
        (
            twice(blocks.clone(), forward(2500)),
            format!("the outside port 2500 is forwarded, and belongs to the block of {one}"),
        ),
        (twice(twice(blocks, forward(80)), forward(80)), "the outside port 80 is forwarded twice".to_owned()),
        (
            Nat::symmetric().outside(OUTSIDE).port_block(one, 1024..=32_767),
            "all ports from 1024 to 32767, so none is left for inside addresses without a block".to_owned(),
        ),
    ];
    for (nat, expected) in cases {
        let error = router.nat(&nat).expect_err("refused").to_string();
        assert!(error.contains(&expected), "{error}");
    }
    assert!(router.nat_mappings().is_err(), "none of them has changed anything");
    // Others keep their ports, beyond the block.
    router.nat(&Nat::home().outside(OUTSIDE).port_block(one, 1024..=32_767))?;
    router.nat(&Nat::symmetric().outside(OUTSIDE).port_block(one, 1024..=32_766))?;
    Ok(())
}

/// The reach of a client behind each ready-made router: UDP to a server, TCP to port 443 and another port, one mapping for two servers.
#[netns_test(requires(nat, ipv6), deadline = "60s")]
fn ready_made_routers_are_as_their_networks(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [one, other], .. } = home(&mut lab)?;
    let reflectors = [Reflector::on(&one, 3478)?, Reflector::on(&other, 3478)?];
    let _listeners = (one.tcp_listener(443)?, one.tcp_listener(8080)?, client.tcp_listener(443)?);
    let router_ipv6 = router.device(OUTSIDE)?.addresses.iter().map(IpNet::addr).find(IpAddr::is_ipv6).ok_or("IPv6")?;
    one.set_default_gateway(router_ipv6)?;
    let refused = client.behave_as(RouterPreset::Home, "eth0").expect_err("it has no inside").to_string();
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
    assert!(refused.to_string().contains("must have one length and differ"), "{refused}");
    router.remove_prefix_translation()?;
    let other = client.udp_socket(4002)?;
    other.send_to(b"hello", (server.ipv6(), 5000))?;
    assert_eq!(there.recv_from(&mut [0; 8])?.1, SocketAddr::from((client.ipv6(), 4002)), "the control");
    Ok(())
}
