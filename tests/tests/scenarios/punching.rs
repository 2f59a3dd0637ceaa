//! Connections between two clients that are both behind a translation: rows of hole punching.

use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::thread;
use std::time::{Duration, Instant};

use netns_fixtures::net::{Filtering, Host, Mapping, Nat};
use netns_fixtures::prelude::*;
use nix::sys::socket::{SockaddrStorage, connect};

use crate::nat::{FILTERINGS, MAPPINGS, OUTSIDE, PATIENCE, bound};
use crate::traffic::{Reflector, TcpReflector, shared_port};

/// Returns a server and two homes, each a client with its router, on one switch outside.
fn two_homes(lab: &mut Lab) -> TestResult<(Host, [(Host, Host); 2])> {
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
    Ok((server, homes))
}

/// Row 35: hole punching.
///
/// The kinds with which a connection begins where both send to the address that a server has seen of the other: all nine on both sides, against
/// what follows from RFC 4787, section 4.1 and 5.
#[netns_test(requires(nat), deadline = "180s")]
fn holes_are_punched_where_the_kinds_allow_it(mut lab: Lab) -> TestResult {
    let (server, homes) = two_homes(&mut lab)?;
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

/// Row 35: hole punching over TCP.
///
/// Both sides connect at once from the port that a server has seen; RFC 5382, REQ-2 and REQ-4.
#[netns_test(requires(nat), deadline = "60s")]
fn tcp_connects_from_both_sides_where_the_kinds_allow_it(mut lab: Lab) -> TestResult {
    let (server, homes) = two_homes(&mut lab)?;
    let reflector = TcpReflector::on(&server, 3478)?;
    let cases = [
        (Nat::home(), Nat::home(), true),
        (Nat::port_restricted_cone().keeping_ports(false), Nat::address_restricted_cone(), true),
        (Nat::home(), Nat::symmetric(), false),
    ];
    for (port, (left, right, expected)) in (5000..).zip(cases) {
        for ((_, router), nat) in homes.iter().zip([&left, &right]) {
            router.nat(&nat.clone().outside(OUTSIDE))?;
            router.flush_nat()?;
        }
        let seen = [reflector.sees(&homes[0].0, port)?, reflector.sees(&homes[1].0, port)?];
        let sockets = [shared_port(&homes[0].0, port)?, shared_port(&homes[1].0, port)?];
        let connects =
            |place: usize| connect(sockets[place].as_raw_fd(), &SockaddrStorage::from(seen[1 - place])).is_ok();
        let connected = thread::scope(|scope| {
            let other = scope.spawn(|| connects(1));
            [connects(0), other.join().unwrap_or(false)]
        });
        assert_eq!(connected, [expected; 2], "{left} and {right}");
    }
    Ok(())
}
