//! Kinds of translations in the terms of RFC 4787: rows 24, 25, 26, 28 and 40, each in a few lines. `nat` compares all pairs of kinds.

use std::net::SocketAddr;

use netns_fixtures::net::{Filtering, Mapping, Nat};
use netns_fixtures::prelude::*;

use crate::nat::{FILTERINGS, Home, MAPPINGS, OUTSIDE, PATIENCE, SILENCE, bound, home, outside_address};
use crate::traffic::{Reflector, reaches, unmapped};

/// Row 24: mapping kinds: the port to a second server.
///
/// Two servers see one outside port of a socket, or two.
#[netns_test(requires(nat))]
fn a_mapping_keeps_its_port_to_a_second_server_or_changes_it(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [one, two], .. } = home(&mut lab)?;
    let [one, two] = [Reflector::on(&one, 3478)?, Reflector::on(&two, 3478)?];
    for mapping in MAPPINGS {
        router.nat(&Nat::new(mapping, Filtering::EndpointIndependent).outside(OUTSIDE))?;
        router.flush_nat()?;
        let socket = bound(&client)?;
        let (first, second) = (one.sees(&socket)?, two.sees(&socket)?);
        assert_eq!(first == second, mapping == Mapping::EndpointIndependent, "{mapping}: {first}, then {second}");
        // The control: to the same server, every mapping keeps its port.
        assert_eq!(one.sees(&socket)?, first, "{mapping}");
    }
    Ok(())
}

/// Row 25: filtering kinds: who may answer.
///
/// The server to which the client has sent, its other port, and another server answer.
#[netns_test(requires(nat))]
fn a_filter_decides_who_may_answer(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [known, stranger], .. } = home(&mut lab)?;
    let same = known.udp_socket(5000)?;
    let (other_port, other_host) = (bound(&known)?, bound(&stranger)?);
    for filtering in FILTERINGS {
        router.nat(&Nat::new(Mapping::EndpointIndependent, filtering).outside(OUTSIDE))?;
        router.flush_nat()?;
        let socket = bound(&client)?;
        socket.send_to(b"hello", (known.addr(), 5000))?;
        same.set_read_timeout(Some(PATIENCE))?;
        let mapped = unmapped(same.recv_from(&mut [0; 8])?.1);
        let [to_port, to_host] = match filtering {
            Filtering::EndpointIndependent => [true, true],
            Filtering::AddressDependent => [true, false],
            Filtering::AddressAndPortDependent => [false, false],
        };
        // The control: the address and port to which it has sent may always answer.
        for (from, may) in [(&same, true), (&other_port, to_port), (&other_host, to_host)] {
            let answers = reaches(from, mapped, &socket, if may { PATIENCE } else { SILENCE })?;
            assert_eq!(answers, may, "{filtering} filtering, from {}", from.local_addr()?);
        }
    }
    Ok(())
}

/// Row 26: full cone: anyone reaches a mapped port.
///
/// A host to which the client has never sent reaches the mapped port of a full cone, and no other port.
#[netns_test(requires(nat))]
fn anyone_reaches_a_mapped_port_of_a_full_cone(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [server, stranger], .. } = home(&mut lab)?;
    let reflector = Reflector::on(&server, 3478)?;
    let from = bound(&stranger)?;
    let open = |nat: Nat, within| -> TestResult<(bool, bool)> {
        router.nat(&nat.keeping_ports(false).outside(OUTSIDE))?;
        router.flush_nat()?;
        let socket = bound(&client)?;
        let mapped = reflector.sees(&socket)?;
        let unmapped_port = SocketAddr::new(mapped.ip(), mapped.port() ^ 1);
        Ok((reaches(&from, mapped, &socket, within)?, reaches(&from, unmapped_port, &socket, SILENCE)?))
    };
    assert_eq!(open(Nat::full_cone(), PATIENCE)?, (true, false));
    assert_eq!(open(Nat::port_restricted_cone(), SILENCE)?, (false, false), "the control");
    Ok(())
}

/// Row 40: two hosts behind one NAT, by outside and by inside addresses.
///
/// Two hosts behind one router reach each other by their outside addresses, as peers do that know each other from a server, and by their inside
/// addresses.
#[netns_test(requires(nat))]
fn two_hosts_behind_one_nat_reach_each_other_by_both_addresses(mut lab: Lab) -> TestResult {
    let Home { client, neighbour, router, servers: [server, _] } = home(&mut lab)?;
    let reflector = Reflector::on(&server, 3478)?;
    for hairpins in [true, false] {
        router.nat(&Nat::full_cone().hairpinning(hairpins).outside(OUTSIDE))?;
        router.flush_nat()?;
        let sockets = [(&client, bound(&client)?), (&neighbour, bound(&neighbour)?)];
        // The client's first packet turns back inside, and its mapping outside is the same.
        for (from, (host, to)) in [(&sockets[0].1, &sockets[1]), (&sockets[1].1, &sockets[0])] {
            let outside = reflector.sees(to)?;
            assert_eq!(outside.ip(), outside_address(&router)?);
            // Without hairpinning is the control.
            let within = if hairpins { PATIENCE } else { SILENCE };
            assert_eq!(reaches(from, outside, to, within)?, hairpins, "{} by {outside}", host.name());
            let inside = SocketAddr::new(host.addr(), unmapped(to.local_addr()?).port());
            assert!(reaches(from, inside, to, PATIENCE)?, "{} by {inside}", host.name());
        }
    }
    Ok(())
}

/// Row 28: hairpin off and on.
///
/// A packet that turns back has the outside address of its sender (RFC 4787, REQ-9).
#[netns_test(requires(nat))]
fn a_packet_that_turns_back_has_the_outside_address_of_its_sender(mut lab: Lab) -> TestResult {
    let Home { client, neighbour, router, servers: [server, _] } = home(&mut lab)?;
    let reflector = Reflector::on(&server, 3478)?;
    for hairpins in [false, true] {
        router.nat(&Nat::full_cone().hairpinning(hairpins).outside(OUTSIDE))?;
        router.flush_nat()?;
        let (one, other) = (bound(&client)?, bound(&neighbour)?);
        let (of_one, of_other) = (reflector.sees(&one)?, reflector.sees(&other)?);
        other.set_read_timeout(Some(if hairpins { PATIENCE } else { SILENCE }))?;
        one.send_to(b"hello", of_other)?;
        let from = other.recv_from(&mut [0; 8]).ok().map(|(_, from)| unmapped(from));
        assert_eq!(from, hairpins.then_some(of_one), "hairpinning: {hairpins}");
    }
    Ok(())
}
