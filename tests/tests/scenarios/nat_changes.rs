//! Changes of a translation while traffic flows.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use netns_fixtures::net::Nat;
use netns_fixtures::net::address::IpNet;
use netns_fixtures::prelude::*;

use crate::nat::{Home, OUTSIDE, PATIENCE, SILENCE, bound, home};
use crate::traffic::{Reflector, reaches};

/// Row 34: the kind of a NAT changes while it runs.
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

/// Row 27: ports of connections from before the translation.
///
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

/// Row 27: the mapping of a connection from before the translation.
///
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

/// Row 33: the outside address changes.
#[netns_test(requires(nat))]
fn a_translation_follows_the_outside_address(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [server, _], .. } = home(&mut lab)?;
    router.nat(&Nat::home().outside(OUTSIDE))?;
    let (reflector, of_flow) = (server.reflector(3478)?, Reflector::on(&server, 3479)?);
    let flow = bound(&client)?;
    let old = *router.device(OUTSIDE)?.addresses.iter().find(|net| net.addr().is_ipv4()).ok_or("an address")?;
    assert_eq!(client.observed_address(&reflector)?.ip(), old.addr());
    assert_eq!(of_flow.sees(&flow)?.ip(), old.addr());
    let IpAddr::V4(address) = old.addr() else { return Err("IPv4".into()) };
    let new = IpNet::new(Ipv4Addr::from(u32::from(address) + 20).into(), old.prefix_len())?;
    router.replace_address(OUTSIDE, old, new)?;
    assert_eq!(client.observed_address(&reflector)?.ip(), new.addr());
    assert_eq!(of_flow.sees(&flow)?.ip(), new.addr(), "a flow that runs has the new address too");
    router.remove_address(OUTSIDE, new)?;
    router.add_address(OUTSIDE, old)?;
    assert_eq!(client.observed_address(&reflector)?.ip(), old.addr());
    router.remove_nat()?;
    router.replace_address(OUTSIDE, old, new)?;
    assert!(router.nat_mappings().is_err(), "a removed translation stays removed");
    Ok(())
}

/// Row 33: a session is rebound to a new port and a new address.
///
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

/// Row 33: mappings are flushed under traffic.
///
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
                // A flush may refuse one.
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
        let ports = run().map_err(|error| format!("{error:#}"));
        is_over.store(true, Ordering::SeqCst);
        ports
    })?;
    let kept = ports.windows(2).filter(|pair| pair[0] == pair[1]).count();
    assert_eq!(kept, 0, "{ports:?}");
    Ok(())
}
