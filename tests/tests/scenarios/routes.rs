//! Addresses and routes: rows 52 to 54, 60 to 68, 90.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6, TcpStream, UdpSocket};
use std::ops::ControlFlow;
use std::time::Duration;

use netns_fixtures::net::address::{AddressPlan, IpNet, Ipv6Net};
use netns_fixtures::net::link::{Dummy, Vrf};
use netns_fixtures::net::{Host, LabError, NewRoute, NewRule, RouteKind};
use netns_fixtures::prelude::*;
use nix::sys::socket::{setsockopt, sockopt};

use crate::traffic::reaches;

/// Maximum wait for an expected datagram.
const PATIENCE: Duration = Duration::from_secs(3);
/// The wait that proves that nothing arrives.
const SILENCE: Duration = Duration::from_millis(200);
/// An address that several hosts have.
const SERVICE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// A client with a link to each of two hosts, which both have the address of the service.
fn anycast(lab: &mut Lab) -> TestResult<(Host, [Host; 2])> {
    let client = lab.host("client");
    let servers = ["one", "other"].map(|name| lab.host(name));
    for server in &servers {
        lab.link(&client, server);
    }
    lab.up()?;
    for server in &servers {
        server.add_address("lo", IpNet::from(IpAddr::from(SERVICE)))?;
    }
    Ok((client, servers))
}

/// Row 52: IPv4 only, IPv6 only.
#[netns_test]
fn hosts_of_one_family_have_no_address_of_the_other(mut lab: Lab) -> TestResult {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    lab.link(&a, &b).ipv4_only();
    lab.link(&a, &b).named("v6").unnumbered();
    lab.up()?;
    a.add_address("eth1", "fd00::1/64".parse()?)?;
    b.add_address("eth1", "fd00::2/64".parse()?)?;
    assert!(a.device("eth0")?.addresses.iter().all(|net| net.addr().is_ipv4()));
    assert!(a.device("eth1")?.addresses.iter().all(|net| net.addr().is_ipv6()));
    a.ping(&b).ipv4().run()?.expect_all()?;
    a.ping(&b).ipv6().run()?.expect_all()?;
    let nowhere = a.ping(IpAddr::from([198, 51, 100, 1])).run();
    assert!(nowhere.is_err(), "the control: there is no route");
    Ok(())
}

/// Row 52: link-local only.
#[netns_test]
fn a_link_without_addresses_has_link_local_ones(mut lab: Lab) -> TestResult {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    lab.link(&a, &b).unnumbered();
    lab.up()?;
    assert!(a.device("eth0")?.addresses.is_empty());
    let (sender, receiver) = (a.udp_socket(0)?, b.udp_socket(5000)?);
    let all_nodes = SocketAddr::from(SocketAddrV6::new("ff02::1".parse()?, 5000, 0, a.device("eth0")?.index));
    // The kernel makes link-local addresses in the background; nobody waits for them on a link without addresses.
    let send = |socket: &UdpSocket, to| {
        wait_until(Deadline::after(PATIENCE), Duration::from_millis(5), || match socket.send_to(b"?", to) {
            Err(error) if error.kind() == ErrorKind::AddrNotAvailable => ControlFlow::Continue(error),
            sent => ControlFlow::Break(sent),
        })
    };
    send(&sender, all_nodes)??;
    receiver.set_read_timeout(Some(PATIENCE))?;
    let (_, from) = receiver.recv_from(&mut [0; 8])?;
    assert!(matches!(from.ip(), IpAddr::V6(address) if address.is_unicast_link_local()), "{from}");
    send(&receiver, from)??;
    sender.set_read_timeout(Some(PATIENCE))?;
    sender.recv(&mut [0; 8])?;
    Ok(())
}

/// Row 53: IPv6 pools, global and unique local.
#[netns_test]
fn addresses_come_from_a_global_or_a_unique_local_pool() -> TestResult {
    for pool in ["2001:db8::/48", "fd12:3456::/48"] {
        let pool: Ipv6Net = pool.parse()?;
        let plan = AddressPlan::new("10.9.0.0/16".parse()?, pool)?;
        let mut lab = Lab::new(&plan, Deadline::after(PATIENCE));
        let [a, b] = ["a", "b"].map(|name| lab.host(name));
        lab.link(&a, &b);
        lab.up()?;
        assert!(pool.contains(&a.ipv6()), "{}", a.ipv6());
        a.ping(&b).ipv6().run()?.expect_all()?;
    }
    Ok(())
}

/// Row 54: a secondary address, removed again.
#[netns_test]
fn a_second_address_answers_until_it_is_removed(net: Pair) -> TestResult {
    let second: IpNet = "192.0.2.7/32".parse()?;
    net.server.add_address("eth0", second)?;
    net.client.add_route(second, net.server.ipv4())?;
    net.client.ping(second.addr()).run()?.expect_all()?;
    net.server.remove_address("eth0", second)?;
    let report = net.client.ping(second.addr()).timeout(SILENCE).run()?;
    assert_eq!(report.statistics().received, 0);
    net.client.ping(&net.server).run()?.expect_all()?;
    Ok(())
}

/// Row 60: anycast on dummy devices.
#[netns_test(requires(dummy))]
fn an_address_of_a_dummy_device_is_on_two_hosts(mut lab: Lab) -> TestResult {
    let client = lab.host("client");
    let servers = ["one", "other"].map(|name| lab.host(name));
    for server in &servers {
        lab.link(&client, server);
        lab.device(server, Dummy::new().address(IpNet::from(IpAddr::from(SERVICE))));
    }
    lab.up()?;
    assert_nearest_answers(&client, &servers)
}

/// Row 60: anycast without them.
#[netns_test]
fn an_address_on_two_hosts_is_answered_by_the_nearest(mut lab: Lab) -> TestResult {
    let (client, servers) = anycast(&mut lab)?;
    assert_nearest_answers(&client, &servers)
}

fn assert_nearest_answers(client: &Host, servers: &[Host; 2]) -> TestResult {
    let sockets = [servers[0].udp_socket(53)?, servers[1].udp_socket(53)?];
    let sender = client.udp_socket_at((Ipv4Addr::UNSPECIFIED, 0))?;
    let service = SocketAddr::from((SERVICE, 53));
    for (near, far) in [(0, 1), (1, 0)] {
        client.insert_route(NewRoute::to(IpNet::from(IpAddr::from(SERVICE))).via(servers[near].ipv4()).replacing())?;
        assert!(reaches(&sender, service, &sockets[near], PATIENCE)?);
        assert!(!reaches(&sender, service, &sockets[far], SILENCE)?);
    }
    Ok(())
}

/// Row 61: policy routing by mark and by source.
#[netns_test(requires(policy_routing))]
fn marked_packets_and_those_of_one_source_take_another_table(mut lab: Lab) -> TestResult {
    let (client, [one, other]) = anycast(&mut lab)?;
    client.set_default_gateway(one.ipv4())?;
    client.insert_route(NewRoute::default_via(other.ipv4()).table(100))?;
    client.add_rule(NewRule::lookup(100).mark(7))?;
    let second: IpNet = "198.51.100.1/32".parse()?;
    client.add_address("lo", second)?;
    client.add_rule(NewRule::lookup(100).from(second))?;

    let (service, at_other) = (SocketAddr::from((SERVICE, 53)), other.udp_socket(53)?);
    let plain = client.udp_socket_at((Ipv4Addr::UNSPECIFIED, 0))?;
    assert!(!reaches(&plain, service, &at_other, SILENCE)?, "the control: the main table");
    setsockopt(&plain, sockopt::Mark, &7)?;
    assert!(reaches(&plain, service, &at_other, PATIENCE)?);
    let of_second = client.udp_socket_at((second.addr(), 0))?;
    assert!(reaches(&of_second, service, &at_other, PATIENCE)?);
    Ok(())
}

/// Row 62: ECMP spreads flows and keeps each.
#[netns_test(requires(multipath))]
fn a_route_with_two_next_hops_spreads_flows_and_keeps_each(mut lab: Lab) -> TestResult {
    const FLOWS: u16 = 64;
    let (client, [one, other]) = anycast(&mut lab)?;
    // Ports count as well; source: ip-sysctl.rst.
    client.set_sysctl("net.ipv4.fib_multipath_hash_policy", "1")?;
    client.insert_route(NewRoute::to(IpNet::from(IpAddr::from(SERVICE))).via(one.ipv4()).via(other.ipv4()))?;
    let servers = [one.udp_socket(53)?, other.udp_socket(53)?];
    let mut flows_of = [0; 2];
    for _ in 0..FLOWS {
        let flow = client.udp_socket_at((Ipv4Addr::UNSPECIFIED, 0))?;
        for _ in 0..3 {
            flow.send_to(b"?", (SERVICE, 53))?;
        }
        let arrived = [received(&servers[0], &flow)?, received(&servers[1], &flow)?];
        match arrived {
            [3, 0] => flows_of[0] += 1,
            [0, 3] => flows_of[1] += 1,
            _ => panic!("a flow took both paths: {arrived:?}"),
        }
    }
    // All flows on one path have a probability of 2 to the power of -63.
    assert!(flows_of[0] > 0 && flows_of[1] > 0, "{flows_of:?}");
    Ok(())
}

/// How many datagrams of the flow have arrived at a socket. The links have no latency: a datagram is there when `send_to` returns.
fn received(server: &UdpSocket, flow: &UdpSocket) -> TestResult<usize> {
    server.set_nonblocking(true)?;
    let port = flow.local_addr()?.port();
    let mut count = 0;
    loop {
        match server.recv_from(&mut [0; 8]) {
            Ok((_, from)) if from.port() == port => count += 1,
            Ok((_, from)) => return Err(format!("a datagram of an earlier flow came from {from}").into()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(count),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Row 63: blackhole, unreachable, prohibit: a host's own.
#[netns_test]
fn routes_refuse_packets_with_errors_of_their_own(net: Pair) -> TestResult {
    type RouteTo = fn(IpNet) -> NewRoute;
    let cases = [
        (NewRoute::blackhole as RouteTo, RouteKind::Blackhole, ErrorKind::InvalidInput),
        (NewRoute::unreachable, RouteKind::Unreachable, ErrorKind::HostUnreachable),
        (NewRoute::prohibit, RouteKind::Prohibit, ErrorKind::PermissionDenied),
    ];
    for address in [IpAddr::from(SERVICE), "2001:db8::1".parse()?] {
        let destination = IpNet::from(address);
        for (route, kind, expected) in cases {
            net.client.insert_route(route(destination))?;
            let shown = net.client.routes()?.into_iter().find(|route| route.destination == destination);
            assert_eq!(shown.map(|route| route.kind), Some(kind));
            let connected = net.client.run(|| TcpStream::connect((address, 80)))?;
            assert_eq!(connected.map_err(|error| error.kind()).err(), Some(expected), "{kind} {address}");
            net.client.delete_route(route(destination))?;
            assert!(net.client.routes()?.iter().all(|route| route.destination != destination));
        }
    }
    let with_hop = NewRoute::blackhole(IpNet::from(IpAddr::from(SERVICE))).via(net.server.ipv4());
    let refused = net.client.insert_route(with_hop).expect_err("refused");
    assert!(matches!(refused.downcast_ref(), Some(LabError::NextHopOfRefusal { .. })), "{refused}");
    Ok(())
}

/// Row 63: unreachable, prohibit: a router's.
#[netns_test]
fn a_router_answers_for_routes_that_refuse(net: Routed) -> TestResult {
    let connect = || -> TestResult<_> {
        let to = SocketAddr::new(net.server.addr(), 80);
        let connected = net.client.run(|| TcpStream::connect_timeout(&to, PATIENCE))?;
        Ok(connected.map_err(|error| error.kind()).err())
    };
    let destination = IpNet::from(net.server.addr());
    assert_eq!(connect()?, Some(ErrorKind::ConnectionRefused), "the control: the server itself");
    for route in [NewRoute::unreachable, NewRoute::prohibit] {
        net.router.insert_route(route(destination))?;
        assert_eq!(connect()?, Some(ErrorKind::HostUnreachable));
        net.router.delete_route(route(destination))?;
    }
    Ok(())
}

/// Row 64: asymmetric routes, strict and loose filters.
///
/// RFC 3704: strict filtering drops packets whose source is reached by another device, loose filtering accepts them.
#[netns_test]
fn asymmetric_routes_pass_a_loose_filter_only(mut lab: Lab) -> TestResult {
    let [client, server] = ["client", "server"].map(|name| lab.host(name));
    for name in ["first", "second"] {
        lab.link(&client, &server).named(name);
    }
    lab.up()?;
    let ipv4_of = |host: &Host, device: &str| -> TestResult<IpAddr> {
        Ok(host.device(device)?.addresses.iter().map(IpNet::addr).find(IpAddr::is_ipv4).ok_or("IPv4")?)
    };
    // The client sends from its first address by the second link.
    let (source, gateway) = (ipv4_of(&client, "eth0")?, ipv4_of(&server, "eth1")?);
    server.add_address("lo", IpNet::from(IpAddr::from(SERVICE)))?;
    client.insert_route(NewRoute::to(IpNet::from(IpAddr::from(SERVICE))).via(gateway).source(source))?;
    let (sender, receiver) = (client.udp_socket_at((source, 0))?, server.udp_socket(53)?);
    for (mode, passes) in [("1", false), ("2", true), ("0", true)] {
        for scope in ["all", "eth1"] {
            server.set_sysctl(&format!("net.ipv4.conf.{scope}.rp_filter"), mode)?;
        }
        let wait = if passes { PATIENCE } else { SILENCE };
        assert_eq!(reaches(&sender, (SERVICE, 53).into(), &receiver, wait)?, passes, "rp_filter {mode}");
    }
    Ok(())
}

/// Row 65: path MTU, raised again.
#[netns_test]
fn the_mtu_of_a_path_is_discovered_and_raised_again(net: Routed) -> TestResult {
    for mtu in [1400, 1500] {
        net.router.set_mtu("eth1", mtu)?;
        net.server.set_mtu("eth0", mtu)?;
        assert_eq!(net.client.path_mtu(&net.server).run()?.mtu, usize::try_from(mtu)?);
    }
    Ok(())
}

/// Row 66: `/proc/net` and `/sys/class/net` of a host.
#[netns_test]
fn proc_net_and_sys_class_net_show_the_hosts_own(mut lab: Lab) -> TestResult {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    lab.link(&a, &b).devices("wan0", "lan0");
    lab.up()?;
    for (host, device, other) in [(&a, "wan0", "lan0"), (&b, "lan0", "wan0")] {
        let output = host.command("cat")?.arg("/proc/net/dev").output()?.success()?;
        let devices = output.stdout.text().into_owned();
        assert!(devices.contains(device) && !devices.contains(other), "{devices}");
        let output = host.command("ls")?.arg("/sys/class/net").output()?.success()?;
        let devices = output.stdout.text().into_owned();
        assert!(devices.contains(device) && !devices.contains(other), "{devices}");
    }
    Ok(())
}

/// Row 67: explicit addresses, prefixes and MACs.
#[netns_test]
fn addresses_prefixes_and_macs_are_as_declared(mut lab: Lab) -> TestResult {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    let macs = ["02:00:00:00:00:0a", "02:00:00:00:00:0b"].map(str::parse);
    let [mac_a, mac_b] = macs;
    lab.link(&a, &b)
        .subnet("192.0.2.0/25".parse()?, "2001:db8::/60".parse()?)
        .addresses(Ipv4Addr::new(192, 0, 2, 10), Ipv4Addr::new(192, 0, 2, 20))
        .macs(mac_a?, mac_b?);
    lab.up()?;
    assert!(a.addresses("eth0")?.contains(&"192.0.2.10/25".parse()?));
    assert_eq!(b.ipv4(), Ipv4Addr::new(192, 0, 2, 20));
    assert_eq!(a.mac("eth0")?.to_string(), "02:00:00:00:00:0a");
    a.ping(&b).run()?.expect_all()?;
    Ok(())
}

/// Row 68: a duplicate address.
#[netns_test]
fn a_duplicate_address_is_refused(net: Pair) -> TestResult {
    let taken = Ipv6Net::new(net.server.ipv6(), 64)?;
    let refused = net.client.add_unique_address("eth0", taken).expect_err("it is taken");
    assert!(matches!(refused.downcast_ref(), Some(LabError::Duplicate { .. })), "{refused}");
    assert!(!net.client.addresses("eth0")?.contains(&taken.into()));
    net.client.add_unique_address("eth0", "2001:db8::77/64".parse()?)?;
    Ok(())
}

/// Row 90: VRF keeps tables apart.
///
/// Both links have the same subnet, and both neighbours the same address; a socket is in one routing domain.
#[netns_test(requires(vrf))]
fn routing_domains_keep_their_tables_apart(mut lab: Lab) -> TestResult {
    let [router, red, blue] = ["router", "red", "blue"].map(|name| lab.host(name));
    for host in [&red, &blue] {
        lab.link(&router, host).unnumbered();
    }
    lab.up()?;
    for (domain, port, table) in [("red", "eth0", 10), ("blue", "eth1", 20)] {
        router.add_device(Vrf::new(table).port(port).named(domain))?;
        router.add_address(port, "192.0.2.1/24".parse()?)?;
    }
    for host in [&red, &blue] {
        host.add_address("eth0", "192.0.2.2/24".parse()?)?;
    }
    let to = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 2), 53));
    let receivers = [("red", red.udp_socket(53)?), ("blue", blue.udp_socket(53)?)];
    for (domain, own) in &receivers {
        let sender = router.udp_socket_at((Ipv4Addr::UNSPECIFIED, 0))?;
        assert!(sender.send_to(b"?", to).is_err(), "without a domain it has no route");
        setsockopt(&sender, sockopt::BindToDevice, &(*domain).into())?;
        assert!(reaches(&sender, to, own, PATIENCE)?, "{domain}");
        for (other, receiver) in receivers.iter().filter(|(other, _)| other != domain) {
            assert!(!reaches(&sender, to, receiver, SILENCE)?, "from {domain} to {other}");
        }
    }
    Ok(())
}
