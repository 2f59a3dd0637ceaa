//! Networks that change under the program: rows 9, 12, 17 to 22, 55 to 58, 81.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::ops::ControlFlow;
use std::time::Duration;

use netns_fixtures::net::address::{IpNet, Ipv4Net};
use netns_fixtures::net::condition::{Backend, Condition, Loss};
use netns_fixtures::net::link::Veth;
use netns_fixtures::net::{Host, LabError, Nat, NewRoute, Switch};
use netns_fixtures::prelude::*;

use crate::traffic::{Reflector, reaches};

const MILLISECOND: Duration = Duration::from_millis(1);
/// Maximum wait for an expected datagram.
const PATIENCE: Duration = Duration::from_secs(3);
/// The wait that proves that nothing arrives.
const SILENCE: Duration = Duration::from_millis(300);

fn round_trip(from: &Host, to: impl Into<netns_fixtures::probe::Target>) -> TestResult<Duration> {
    let to = to.into();
    // The first one learns the neighbours.
    from.ping(to.clone()).ipv4().count(1).timeout(PATIENCE).run()?.expect_all()?;
    Ok(from.ping(to).ipv4().timeout(PATIENCE).run()?.expect_all()?.min().ok_or("three replies")?)
}

/// A client with links to two routers, which both lead to the server. The first link is faster. The client's default gateway is the first.
struct TwoUplinks {
    client: Host,
    routers: [Host; 2],
    server: Host,
}

fn two_uplinks(lab: &mut Lab, backend: Backend) -> TestResult<TwoUplinks> {
    let [client, server] = ["client", "server"].map(|name| lab.host(name));
    let routers = ["fibre", "mobile"].map(|name| lab.router(name));
    for (router, latency) in routers.iter().zip([5, 40]) {
        lab.link(&client, router).condition(Condition::new().latency(latency * MILLISECOND)).backend(backend);
    }
    for router in &routers {
        lab.link(router, &server);
    }
    lab.gateway(&client, &routers[0]);
    lab.up()?;
    // The server answers each uplink by its own router.
    let service: IpNet = "192.0.2.1/32".parse()?;
    server.add_address("lo", service)?;
    for router in &routers {
        router.add_route(service, server.ipv4_towards(router)?)?;
        let of_client = Ipv4Net::from(client.ipv4_towards(router)?);
        server.add_route(of_client, router.ipv4_towards(&server)?)?;
    }
    Ok(TwoUplinks { client, routers, server })
}

/// The default route of a client moves to the slower uplink and back.
fn default_route(lab: &mut Lab, backend: Backend) -> TestResult {
    let TwoUplinks { client, routers: [fibre, mobile], .. } = two_uplinks(lab, backend)?;
    let service = std::net::IpAddr::from([192, 0, 2, 1]);
    let fast = round_trip(&client, service)?;
    assert!(fast >= 10 * MILLISECOND && fast < 60 * MILLISECOND, "{fast:?} by fibre");
    client.set_default_gateway(mobile.ipv4_towards(&client)?)?;
    let slow = round_trip(&client, service)?;
    assert!(slow >= 80 * MILLISECOND, "{slow:?} by the mobile network");
    client.set_default_gateway(fibre.ipv4_towards(&client)?)?;
    let again = round_trip(&client, service)?;
    assert!(again < 60 * MILLISECOND, "{again:?} by fibre again");
    Ok(())
}

/// Rows 9, 57: the default route moves to the second uplink and back.
#[netns_test(requires(conditions))]
fn the_default_route_moves_to_the_second_uplink_and_back(mut lab: Lab) -> TestResult {
    default_route(&mut lab, Backend::Relay)
}

/// Rows 9, 57: the same between uplinks of netem.
#[netns_test(requires(netem_conditions))]
fn the_default_route_moves_between_uplinks_of_netem(mut lab: Lab) -> TestResult {
    default_route(&mut lab, Backend::Netem)
}

/// Row 9: a socket feels the loss of the link to which its route moves.
#[netns_test(requires(conditions))]
fn a_socket_feels_the_loss_of_the_link_to_which_its_route_moves(mut lab: Lab) -> TestResult {
    let TwoUplinks { client, routers: [fibre, mobile], server } = two_uplinks(&mut lab, Backend::Relay)?;
    let lossy = lab.link_between(&client, &mobile)?;
    let service = SocketAddr::from(([192, 0, 2, 1], 5000));
    let receiver = server.udp_socket(5000)?;
    let sender = client.udp_socket_at(([0, 0, 0, 0], 0))?;
    client.set_default_gateway(mobile.ipv4_towards(&client)?)?;
    assert!(reaches(&sender, service, &receiver, PATIENCE)?, "the control: the mobile network loses nothing yet");
    lossy.set_condition_from(&client, &Condition::new().loss(Loss::percent(100.0)))?;
    let lost = || lossy.statistics_from(&client).map(|counted| counted.lost);
    for _ in 0..2 {
        let before = lost()?;
        assert!(!reaches(&sender, service, &receiver, SILENCE)? && lost()? > before, "by the mobile network");
        client.set_default_gateway(fibre.ipv4_towards(&client)?)?;
        assert!(reaches(&sender, service, &receiver, PATIENCE)?, "by fibre");
        client.set_default_gateway(mobile.ipv4_towards(&client)?)?;
    }
    Ok(())
}

/// Row 57: a second default route takes over.
#[netns_test(requires(conditions))]
fn a_second_default_route_takes_over_when_the_first_link_goes_down(mut lab: Lab) -> TestResult {
    let TwoUplinks { client, routers: [_, mobile], server } = two_uplinks(&mut lab, Backend::Relay)?;
    client.insert_route(NewRoute::default_via(mobile.ipv4_towards(&client)?).metric(100))?;
    let service = SocketAddr::from(([192, 0, 2, 1], 5000));
    let receiver = server.udp_socket(5000)?;
    let sender = client.udp_socket_at(([0, 0, 0, 0], 0))?;
    assert!(reaches(&sender, service, &receiver, PATIENCE)?);
    client.link_down("eth0")?;
    let before = client.statistics("eth1")?.tx_packets;
    assert!(reaches(&sender, service, &receiver, PATIENCE)?, "the same socket sends by the other uplink");
    assert!(client.statistics("eth1")?.tx_packets > before);
    Ok(())
}

/// Row 17: two destinations behind one interface have different conditions.
#[netns_test(requires(conditions))]
fn two_destinations_behind_one_interface_differ(mut lab: Lab) -> TestResult {
    let [client, near, far] = ["client", "near", "far"].map(|name| lab.host(name));
    let router = lab.router("router");
    lab.link(&client, &router);
    lab.link(&near, &router);
    lab.link(&far, &router).condition(Condition::new().latency(50 * MILLISECOND));
    for host in [&client, &near, &far] {
        lab.gateway(host, &router);
    }
    lab.up()?;
    assert_eq!(client.devices()?.len(), 1);
    let (near, far) = (round_trip(&client, &near)?, round_trip(&client, &far)?);
    assert!(near < 50 * MILLISECOND && far >= 100 * MILLISECOND, "{near:?} and {far:?}");
    Ok(())
}

/// Returns how many threads of the test are relays.
fn relays() -> usize {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let names = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("comm")).ok());
    names.filter(|name| name.starts_with("relay of a link")).count()
}

/// Row 18: a link without a condition has no relay.
#[netns_test(requires(conditions))]
fn a_link_without_a_condition_has_no_relay(mut lab: Lab) -> TestResult {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    lab.link(&a, &b).named("plain");
    lab.link(&a, &b).named("slow").condition(Condition::new());
    lab.up()?;
    // A thread gets its name after it has started.
    let one = wait_until(Deadline::after(PATIENCE), MILLISECOND, || match relays() {
        0 => ControlFlow::Continue("no relay of the slow link"),
        count => ControlFlow::Break(count),
    })?;
    assert_eq!(one, 1);
    let refused = lab.link_named("plain")?.statistics_from(&a).expect_err("it has no relay");
    assert!(matches!(refused.downcast_ref(), Some(LabError::NotConditioned { .. })), "{refused}");
    assert!(is_one_cable(&a, &b, "eth0")?);
    assert!(!is_one_cable(&a, &b, "eth1")?, "two devices of the relay are between its ends");
    Ok(())
}

/// Whether the devices of this name at both hosts are the two ends of one pair.
fn is_one_cable(one: &Host, other: &Host, device: &str) -> TestResult<bool> {
    let numbers = |host: &Host| -> TestResult<(u32, u32)> {
        let number = |file: &str| -> TestResult<u32> {
            let output = host.command("cat")?.arg(format!("/sys/class/net/{device}/{file}")).output()?.success()?;
            Ok(output.stdout.text().trim().parse()?)
        };
        Ok((number("ifindex")?, number("iflink")?))
    };
    let ((one, to_other), (other, to_one)) = (numbers(one)?, numbers(other)?);
    Ok(to_other == other && to_one == one)
}

/// Row 18: a lab without a condition has no relay.
#[netns_test]
fn a_lab_without_a_condition_has_no_relay_and_no_device_between_its_ends(mut lab: Lab) -> TestResult {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    lab.link(&a, &b);
    lab.up()?;
    a.ping(&b).count(1).run()?.expect_all()?;
    assert_eq!(relays(), 0);
    assert!(is_one_cable(&a, &b, "eth0")?);
    Ok(())
}

/// Two hosts whose link has a condition, so that the relay carries their packets.
fn conditioned(lab: &mut Lab) -> TestResult<[Host; 2]> {
    let [near, far] = ["near", "far"].map(|name| lab.host(name));
    lab.link(&near, &far).condition(Condition::new().latency(5 * MILLISECOND));
    lab.up()?;
    Ok([near, far])
}

/// Row 12: a link goes down and up: a TCP session lives.
#[netns_test(requires(conditions))]
fn a_session_outlives_a_link_that_goes_down_and_up(mut lab: Lab) -> TestResult {
    let [near, far] = conditioned(&mut lab)?;
    let listener = far.tcp_listener(80)?;
    let mut client = near.tcp_connect((far.ipv4(), 80))?;
    let mut server = listener.accept()?.0;
    server.set_read_timeout(Some(SILENCE))?;
    near.link_down("eth0")?;
    client.write_all(b"late")?;
    let mut heard = [0; 4];
    assert_eq!(server.read_exact(&mut heard).map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));
    near.link_up("eth0")?;
    server.set_read_timeout(Some(Duration::from_secs(10)))?;
    server.read_exact(&mut heard)?;
    assert_eq!(&heard, b"late", "TCP sends it again");
    Ok(())
}

/// Row 12: a link goes down and up: datagrams are lost.
#[netns_test(requires(conditions))]
fn datagrams_of_an_outage_are_lost(mut lab: Lab) -> TestResult {
    let [near, far] = conditioned(&mut lab)?;
    let (sender, receiver) = (near.udp_socket(0)?, far.udp_socket(5000)?);
    let to = SocketAddr::new(far.addr(), 5000);
    assert!(reaches(&sender, to, &receiver, PATIENCE)?, "the control");
    far.link_down("eth0")?;
    assert!(!reaches(&sender, to, &receiver, SILENCE)?);
    far.link_up("eth0")?;
    assert!(reaches(&sender, to, &receiver, PATIENCE)?, "the first one arrives");
    Ok(())
}

/// Row 14: both ends of a link go down and up at once.
///
/// Two threads set the ends of one link down and up at once. Each call returns when the ends agree, as they are by then.
#[netns_test(deadline = "60s")]
fn both_ends_of_a_link_go_down_and_up_at_once(mut lab: Lab) -> TestResult {
    const ROUNDS: u32 = 300;
    let ends = ["near", "far"].map(|name| lab.host(name));
    lab.link(&ends[0], &ends[1]);
    lab.up()?;
    let together = std::sync::Barrier::new(2);
    let flap = &|host: &Host| -> Vec<String> {
        let flap = |round| {
            // Both threads wait for each other: a later change of the other one cannot end a wait.
            together.wait();
            let set = host.link_down("eth0").and_then(|()| host.link_up("eth0"));
            set.err().map(|error| format!("round {round} of {}: {error}", host.name()))
        };
        (0..ROUNDS).filter_map(flap).collect()
    };
    let errors = std::thread::scope(|scope| {
        let threads = ends.each_ref().map(|host| scope.spawn(move || flap(host)));
        threads.map(|thread| thread.join().map_err(|_| "a thread panicked"))
    });
    for errors in errors {
        assert_eq!(errors?, [""; 0]);
    }
    round_trip(&ends[0], &ends[1])?;
    Ok(())
}

/// One direction of a link is cut, then both, and then it is restored.
fn cut(lab: &mut Lab, backend: Backend) -> TestResult {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    lab.link(&a, &b).condition(Condition::new().latency(20 * MILLISECOND)).backend(backend);
    lab.up()?;
    let link = lab.link_between(&a, &b)?;
    let (of_a, of_b) = (a.udp_socket(5000)?, b.udp_socket(5000)?);
    let [to_a, to_b] = [&a, &b].map(|host| SocketAddr::new(host.addr(), 5000));
    assert!(reaches(&of_a, to_b, &of_b, PATIENCE)?, "the control");
    link.cut_from(&a)?;
    assert!(!reaches(&of_a, to_b, &of_b, SILENCE)?);
    assert!(reaches(&of_b, to_a, &of_a, PATIENCE)?, "the other direction is whole");
    link.cut()?;
    assert!(!reaches(&of_b, to_a, &of_a, SILENCE)?);
    link.restore()?;
    assert!(round_trip(&a, &b)? >= 40 * MILLISECOND, "the condition is that of before");
    Ok(())
}

/// Row 13: a link cut in one direction, in both, and restored.
#[netns_test(requires(conditions))]
fn a_link_is_cut_in_one_direction_and_restored(mut lab: Lab) -> TestResult {
    cut(&mut lab, Backend::Relay)
}

/// Row 13: the same by netem.
#[netns_test(requires(netem_conditions))]
fn a_link_of_netem_is_cut_in_one_direction_and_restored(mut lab: Lab) -> TestResult {
    cut(&mut lab, Backend::Netem)
}

/// Regions of a triangle, each with a host.
fn triangle(lab: &mut Lab) -> TestResult<(netns_fixtures::net::Regions, [Host; 3])> {
    let table = [("eu", "us", 80), ("us", "asia", 120), ("eu", "asia", 160)];
    let regions = lab.regions(table.map(|(one, other, round_trip)| (one, other, round_trip * MILLISECOND)));
    let hosts = ["eu", "us", "asia"].map(|region| (region, lab.host(format!("{region}-host"))));
    for (region, host) in &hosts {
        lab.link(host, regions.region(region)?);
        lab.gateway(host, regions.region(region)?);
    }
    lab.up()?;
    regions.connect(lab)?;
    Ok((regions, hosts.map(|(_, host)| host)))
}

/// Row 19: three regions in a triangle, both families.
#[netns_test]
fn regions_are_as_far_apart_as_their_table_says(mut lab: Lab) -> TestResult {
    let (_, [eu, us, asia]) = triangle(&mut lab)?;
    for (one, other, expected) in [(&eu, &us, 80), (&us, &asia, 120), (&eu, &asia, 160)] {
        let measured = round_trip(one, other)?;
        let expected = expected * MILLISECOND;
        assert!(measured >= expected && measured < expected + 15 * MILLISECOND, "{measured:?}, not {expected:?}");
        // The first one learns the neighbours, also those of the routers.
        one.ping(other).ipv6().count(1).timeout(PATIENCE).run()?.expect_all()?;
        let report = one.ping(other).ipv6().count(10).timeout(PATIENCE).run()?;
        let measured = report.expect_all()?.min().ok_or("replies")?;
        assert!(measured >= expected && measured < expected + 15 * MILLISECOND, "IPv6: {measured:?}, not {expected:?}");
    }
    Ok(())
}

/// Row 20: the link between two regions breaks and is restored.
#[netns_test(requires(conditions))]
fn the_link_between_two_regions_breaks_and_is_restored(mut lab: Lab) -> TestResult {
    let (regions, [eu, us, asia]) = triangle(&mut lab)?;
    let cable = lab.link_between(regions.region("eu")?, regions.region("us")?)?;
    cable.cut()?;
    let lost = eu.ping(&us).timeout(SILENCE).run()?;
    assert_eq!(lost.statistics().received, 0);
    eu.ping(&asia).timeout(PATIENCE).run()?.expect_all()?;
    cable.restore()?;
    eu.ping(&us).timeout(PATIENCE).run()?.expect_all()?;
    let unknown = format!("{:#}", regions.region("mars").expect_err("refused"));
    assert!(unknown.contains("mars") && unknown.contains("asia, eu, us"), "{unknown}");
    Ok(())
}

/// Row 21: the latency of a host adds to its region's.
#[netns_test(requires(conditions))]
fn the_latency_of_a_host_adds_to_that_of_its_region(mut lab: Lab) -> TestResult {
    let regions = lab.regions([("eu", "us", 80 * MILLISECOND)]);
    let [client, server] = ["client", "server"].map(|name| lab.host(name));
    lab.link(&client, regions.region("eu")?).condition(Condition::new().latency(15 * MILLISECOND));
    lab.link(&server, regions.region("us")?);
    lab.gateway(&client, regions.region("eu")?);
    lab.gateway(&server, regions.region("us")?);
    lab.up()?;
    regions.connect(&lab)?;
    let measured = round_trip(&client, &server)?;
    assert!(measured >= 110 * MILLISECOND && measured < 130 * MILLISECOND, "{measured:?}");
    Ok(())
}

/// Row 22: hosts behind NATs in different regions reach a public server.
#[netns_test]
fn hosts_behind_routers_of_different_regions_reach_a_public_server(mut lab: Lab) -> TestResult {
    let regions = lab.regions([("eu", "us", 40 * MILLISECOND)]);
    let server = lab.host("server");
    lab.link(&server, regions.region("us")?);
    lab.gateway(&server, regions.region("us")?);
    let homes = [("eu", Nat::home()), ("us", Nat::symmetric())].map(|(region, nat)| {
        let (client, home) = (lab.host(format!("{region}-client")), lab.router(format!("{region}-home")));
        (region, client, home, nat)
    });
    for (region, client, home, _) in &homes {
        lab.link(client, home);
        lab.link(home, regions.region(region)?);
        lab.gateway(client, home);
        lab.gateway(home, regions.region(region)?);
    }
    lab.up()?;
    regions.connect(&lab)?;
    let reflector = Reflector::on(&server, 3478)?;
    for (region, client, home, nat) in &homes {
        home.nat(nat)?;
        let seen = reflector.sees(&client.udp_socket(0)?)?;
        assert_eq!(seen.ip(), home.ipv4_towards(regions.region(region)?)?);
    }
    Ok(())
}

/// Row 55: a renewed lease with another address.
#[netns_test]
fn a_renewed_lease_has_another_address_while_sockets_are_open(net: Pair) -> TestResult {
    let listener = net.server.tcp_listener(80)?;
    let mut before = net.client.tcp_connect((net.server.ipv4(), 80))?;
    let mut of_before = listener.accept()?.0;
    of_before.set_read_timeout(Some(SILENCE))?;
    let old = net.client.device("eth0")?.addresses[0];
    let new = IpNet::new(net.server.device("eth0")?.addresses[0].hosts().last().ok_or("one")?, old.prefix_len())?;
    net.client.replace_address("eth0", old, new)?;
    assert_eq!(net.client.addr(), new.addr());
    let _may_fail = before.write_all(b"?");
    assert_eq!(of_before.read(&mut [0]).map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));
    let _after = net.client.tcp_connect((net.server.ipv4(), 80))?;
    assert_eq!(listener.accept()?.1.ip().to_canonical(), new.addr());
    // The control of the bad input: the address that is gone cannot be replaced, and nothing is added.
    assert!(net.client.replace_address("eth0", old, "192.0.2.9/24".parse()?).is_err());
    assert!(!net.client.addresses("eth0")?.contains(&"192.0.2.9/24".parse()?));
    // A new address that is refused leaves the old one, in both families.
    for kept in net.client.device("eth0")?.addresses {
        assert!(net.client.replace_address("eth0", kept, kept).is_err(), "{kept} is there already");
        assert!(net.client.addresses("eth0")?.contains(&kept), "{kept}");
    }
    Ok(())
}

/// A phone in a house whose switch has 10.1.0.0/24; in the street it is 10.2.0.0/24. Each has a router to the server.
struct Roaming {
    phone: Host,
    places: [Switch; 2],
    server: Host,
}

fn roaming(lab: &mut Lab) -> TestResult<Roaming> {
    let [phone, server] = ["phone", "server"].map(|name| lab.host(name));
    let places = ["house", "street"].map(|name| lab.switch(name));
    let routers = ["house-router", "street-router"].map(|name| lab.router(name));
    let internet = lab.switch("internet");
    places[0].subnet(lab, "10.1.0.0/24".parse()?, "fd00:1::/64".parse()?);
    places[1].subnet(lab, "10.2.0.0/24".parse()?, "fd00:2::/64".parse()?);
    for (router, place) in routers.iter().zip(&places) {
        lab.link(router, place);
        lab.link(router, &internet);
    }
    lab.link(&server, &internet);
    lab.link(&phone, &places[0]);
    lab.gateway(&phone, &routers[0]);
    lab.up()?;
    for router in &routers {
        router.nat(&Nat::home().outside("eth1"))?;
    }
    Ok(Roaming { phone, places, server })
}

/// Row 56: roaming to another router.
#[netns_test]
fn a_phone_roams_to_another_router_with_a_new_address(mut lab: Lab) -> TestResult {
    let Roaming { phone, places: [house, street], server } = roaming(&mut lab)?;
    let reflector = Reflector::on(&server, 3478)?;
    let old_flow = UdpSocketOn::its_address(&phone)?;
    let seen_at_home = reflector.sees(&old_flow.0)?;
    let index = phone.device("eth0")?.index;

    let link = lab.link_between(&phone, &house)?;
    lab.replug(&link, &house, &street)?;
    let old = phone.device("eth0")?.addresses[0];
    phone.replace_address("eth0", old, "10.2.0.77/24".parse()?)?;
    phone.set_default_gateway(std::net::Ipv4Addr::new(10, 2, 0, 1))?;

    assert!(reflector.sees(&old_flow.0).is_err(), "the address of the old flow is gone");
    let seen_in_the_street = reflector.sees(&phone.udp_socket(0)?)?;
    assert_ne!(seen_in_the_street.ip(), seen_at_home.ip());
    assert_eq!(phone.device("eth0")?.index, index, "the device is the same");
    assert_eq!(lab.link_between(&phone, &street)?.name(), "phone-house");
    Ok(())
}

/// Row 56: another router has another MAC address.
///
/// A phone that does not notice that it roams still sends to the MAC address of the router before.
#[netns_test]
fn the_flow_of_a_phone_that_keeps_its_address_ends_at_another_router(mut lab: Lab) -> TestResult {
    let [phone, server] = ["phone", "server"].map(|name| lab.host(name));
    let [house, street] = ["house", "street"].map(|name| lab.router(name));
    lab.link(&phone, &house);
    for router in [&house, &street] {
        lab.link(router, &server);
    }
    lab.gateway(&phone, &house);
    lab.gateway(&server, &house);
    lab.up()?;
    let (sender, receiver) = (phone.udp_socket(0)?, server.udp_socket(5000)?);
    let to = SocketAddr::new(server.addr(), 5000);
    assert!(reaches(&sender, to, &receiver, PATIENCE)?, "the control");
    let (link, before, gateway) = (lab.link_between(&phone, &house)?, house.mac("eth0")?, house.ipv4_towards(&phone)?);
    let device = lab.replug(&link, &house, &street)?;
    // The address of the server that this router has a route to.
    let to = SocketAddr::new(server.ipv4_towards(&street)?.into(), 5000);
    assert_ne!(street.mac(device.name.as_str())?, before);
    phone.set_neighbour("eth0", gateway, before)?;
    assert!(!reaches(&sender, to, &receiver, SILENCE)?);
    street.set_mac(device.name.as_str(), before)?;
    assert!(
        reaches(&sender, to, &receiver, PATIENCE)?,
        "the control: nothing but the address keeps it from this router"
    );
    Ok(())
}

/// Row 12: the end of an outage does not wait for a neighbour that did not answer.
///
/// The kernel asks for a neighbour once a second, and the end of an outage does not wait for that.
#[netns_test]
fn a_link_that_comes_back_has_no_neighbour_that_did_not_answer(net: Pair) -> TestResult {
    let (sender, to) = (net.client.udp_socket(0)?, SocketAddr::new(net.server.addr(), 5000));
    let unresolved = || -> TestResult<usize> {
        Ok(net.client.neighbours()?.iter().filter(|of| of.address == to.ip() && of.mac.is_none()).count())
    };
    net.server.link_down("eth0")?;
    sender.send_to(b"lost", to)?;
    assert_eq!(unresolved()?, 1, "the control");
    net.server.link_up("eth0")?;
    assert_eq!(unresolved()?, 0);
    net.client.ping(&net.server).count(1).run()?.expect_all()?;
    Ok(())
}

/// A socket that is bound to the address that the host has now.
struct UdpSocketOn(UdpSocket);

impl UdpSocketOn {
    fn its_address(host: &Host) -> TestResult<Self> {
        Ok(Self(host.udp_socket_at((host.addr(), 0))?))
    }
}

/// Row 56: a plug that does not fit is refused.
#[netns_test]
fn a_link_is_plugged_in_only_where_it_can_be(mut lab: Lab) -> TestResult {
    let Roaming { phone, places: [house, street], .. } = roaming(&mut lab)?;
    let link = lab.link_between(&phone, &house)?;
    for (from, to) in [(&street, &house), (&house, &house)] {
        let refused = lab.replug(&link, from, to).expect_err("refused");
        let found = refused.downcast_ref();
        assert!(
            matches!(found, Some(LabError::NotAnEnd { .. } | LabError::AlreadyAnEnd { .. }))
                && !phone.devices()?.is_empty(),
            "{refused}"
        );
    }
    phone.ping("10.1.0.1".parse::<std::net::IpAddr>()?).run()?.expect_all()?;
    Ok(())
}

/// Rows 56, 79: a link keeps its VLAN at another switch.
///
/// The new port has the settings of the old one: frames of VLAN 10 reach VLAN 10 only, and an isolated port no isolated one.
#[netns_test(requires(bridge_vlan_filtering))]
fn a_link_keeps_its_vlan_at_another_switch(mut lab: Lab) -> TestResult {
    let [phone, friend, other] = ["phone", "friend", "other"].map(|name| lab.host(name));
    let [house, street, plain] = ["house", "street", "plain"].map(|name| lab.switch(name));
    lab.link(&phone, &house).vlan(10);
    lab.link(&friend, &street).vlan(10);
    lab.link(&other, &street).vlan(20);
    lab.link(&house, &street).trunk([10, 20]);
    lab.up()?;
    let link = lab.link_between(&phone, &house)?;
    let refused = lab.replug(&link, &house, &plain).expect_err("its VLAN would not hold there");
    assert!(format!("{refused:#}").contains("the filtering by VLANs"), "{refused}");
    lab.replug(&link, &house, &street)?;
    phone.ping(&friend).run()?.expect_all()?;
    phone.ping(&other).expect_unreachable_with_control(&friend)?;
    Ok(())
}

/// Row 56: a link is isolated at another switch too.
#[netns_test]
fn an_isolated_link_is_isolated_at_another_switch(mut lab: Lab) -> TestResult {
    let [phone, friend, other] = ["phone", "friend", "other"].map(|name| lab.host(name));
    let [house, street] = ["house", "street"].map(|name| lab.switch(name));
    lab.link(&phone, &house).isolated();
    lab.link(&friend, &street);
    lab.link(&other, &street).isolated();
    lab.link(&house, &street);
    lab.up()?;
    phone.ping(&other).run()?.expect_all()?;
    let link = lab.link_between(&phone, &house)?;
    lab.replug(&link, &house, &street)?;
    phone.ping(&other).expect_unreachable_with_control(&friend)?;
    Ok(())
}

/// Row 56: a link of another lab is not plugged.
#[netns_test]
fn a_link_of_another_lab_is_not_plugged(mut lab: Lab, mut other: Lab) -> TestResult {
    let mut places = Vec::new();
    for lab in [&mut lab, &mut other] {
        let [phone, house, street] = [lab.host("phone"), lab.host("house"), lab.host("street")];
        lab.link(&phone, &house);
        lab.up()?;
        places.push((lab.link_between(&phone, &house)?, house, street));
    }
    let (link, house, _) = &places[0];
    let (_, _, street) = &places[1];
    for refused in [lab.replug(link, house, street), other.replug(link, house, street)] {
        let refused = refused.expect_err("refused");
        assert!(matches!(refused.downcast_ref(), Some(LabError::ForeignHost { .. })), "{refused}");
    }
    Ok(())
}

/// Row 81: a MAC address moves to another port.
///
/// The switch learns the new port of an address from the first frame that comes from there.
#[netns_test(requires(conditions))]
fn a_host_moves_to_another_port_of_the_network(mut lab: Lab) -> TestResult {
    let [phone, server] = ["phone", "server"].map(|name| lab.host(name));
    let [kitchen, attic, core] = ["kitchen", "attic", "core"].map(|name| lab.switch(name));
    for access in [&kitchen, &attic] {
        lab.link(access, &core);
    }
    lab.link(&phone, &kitchen).condition(Condition::new().latency(10 * MILLISECOND));
    lab.link(&server, &core);
    lab.up()?;
    let port = |core: &Switch| -> TestResult<Option<u32>> {
        let mac = phone.mac("eth0")?;
        Ok(core.as_host().fdb()?.iter().find(|entry| entry.mac == mac).map(|entry| entry.device))
    };
    phone.ping(&server).ipv4().run()?.expect_all()?;
    let before = port(&core)?.ok_or("the switch has learned it")?;
    let link = lab.link_between(&phone, &kitchen)?;
    lab.replug(&link, &kitchen, &attic)?;
    assert!(round_trip(&phone, &server)? >= 20 * MILLISECOND, "the link has its condition");
    let after = port(&core)?.ok_or("the switch has learned it again")?;
    assert_ne!(before, after);
    Ok(())
}

/// Row 58: an interface is added and removed.
#[netns_test]
fn an_interface_is_added_to_and_removed_from_a_running_host(mut net: Pair) -> TestResult {
    let mut subnet = net.lab.subnet(2)?;
    let [(near, _), (far, _)] = [subnet.next_host()?, subnet.next_host()?];
    let [device, _] = net.client.add_veth(Veth::to(&net.server).address(near).peer_address(far))?;
    let (sender, receiver) = (net.client.udp_socket(0)?, net.server.udp_socket(5000)?);
    let to = SocketAddr::from((far.addr(), 5000));
    assert!(reaches(&sender, to, &receiver, PATIENCE)?);
    net.client.remove_device(device.name.as_str())?;
    let unreachable = sender.send_to(b"?", to).map_err(|error| error.kind());
    assert_eq!(unreachable, Err(ErrorKind::NetworkUnreachable));
    assert_eq!(net.server.devices()?.len(), 1, "the other end went with it");
    Ok(())
}
