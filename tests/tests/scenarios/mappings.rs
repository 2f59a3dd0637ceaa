//! The life of a mapping, and packets without ports of their own: rows 29, 35, 39 and 49.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::ops::ControlFlow;
use std::thread;
use std::time::{Duration, Instant};

use netns_fixtures::net::{Host, Nat};
use netns_fixtures::prelude::*;

use crate::nat::{Home, OUTSIDE, PATIENCE, SILENCE, bound, home, outside_address};
use crate::traffic::Reflector;

/// A connection from the client to the server, both ends with a read timeout.
fn connection(client: &Host, server: &Host) -> TestResult<(TcpStream, TcpStream)> {
    let listener = server.tcp_listener(80)?;
    let here = client.tcp_connect((server.ipv4(), 80))?;
    let there = listener.accept()?.0;
    for stream in [&here, &there] {
        stream.set_read_timeout(Some(PATIENCE))?;
    }
    Ok((here, there))
}

/// Row 29: an idle TCP connection is lost.
///
/// The silent loss for which programs send keep-alives.
#[netns_test(requires(nat), deadline = "60s")]
fn an_idle_tcp_connection_is_lost_and_a_busy_one_lives(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [server, _], .. } = home(&mut lab)?;
    let timeout = Duration::from_secs(2);
    router.nat(&Nat::symmetric().tcp_timeout(timeout).outside(OUTSIDE))?;
    let (mut here, mut there) = connection(&client, &server)?;
    let mut byte = [0];
    let start = Instant::now();
    while start.elapsed() < 2 * timeout {
        here.write_all(b"1")?;
        there.read_exact(&mut byte)?;
        // Paces the connection: eight times in a timeout.
        thread::sleep(timeout / 8);
    }
    assert_eq!(router.nat_mappings()?.len(), 1, "traffic refreshes the mapping");
    there.write_all(b"2")?;
    here.read_exact(&mut byte)?;
    let last = Instant::now();
    wait_until(Deadline::after(5 * timeout), Duration::from_millis(50), || match router.nat_mappings() {
        Ok(mappings) if mappings.is_empty() => ControlFlow::Break(Ok(())),
        Ok(mappings) => ControlFlow::Continue(mappings),
        Err(error) => ControlFlow::Break(Err(error)),
    })??;
    assert!(last.elapsed() >= timeout / 2, "it ended after {:?}", last.elapsed());
    // The server does not learn of the loss.
    here.set_read_timeout(Some(SILENCE))?;
    there.write_all(b"3")?;
    assert_eq!(here.read(&mut byte).map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));
    assert_eq!(there.take_error()?.map(|error| error.kind()), None);
    // Packets of the inside make another mapping, whose port the server does not know: it resets the connection.
    here.set_read_timeout(Some(PATIENCE))?;
    here.write_all(b"4")?;
    assert_eq!(here.read(&mut byte).map_err(|error| error.kind()), Err(ErrorKind::ConnectionReset));
    Ok(())
}

/// Row 29: packets of the inside alone refresh a mapping.
///
/// RFC 4787, REQ-6: packets of the inside refresh a mapping.
#[netns_test(requires(nat), deadline = "60s")]
fn packets_of_the_inside_alone_refresh_a_mapping(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [server, sink], .. } = home(&mut lab)?;
    let reflector = Reflector::on(&server, 3478)?;
    let timeout = Duration::from_secs(2);
    router.nat(&Nat::full_cone().keeping_ports(false).udp_timeout(timeout).outside(OUTSIDE))?;
    let [busy, idle] = [bound(&client)?, bound(&client)?];
    let before = [reflector.sees(&busy)?, reflector.sees(&idle)?];
    // It answers nothing.
    let _sink = sink.udp_socket(9)?;
    let start = Instant::now();
    while start.elapsed() < 2 * timeout {
        busy.send_to(b"alive", (sink.addr(), 9))?;
        // Paces the packets: eight in a timeout.
        thread::sleep(timeout / 8);
    }
    assert_eq!(reflector.sees(&busy)?, before[0]);
    assert_ne!(reflector.sees(&idle)?, before[1], "the control: the mapping of the other socket has ended");
    Ok(())
}

/// Row 39: an ICMP error does not end a mapping.
///
/// RFC 4787, REQ-10: an ICMP error does not end the mapping of the packet that it is about.
#[netns_test(requires(nat))]
fn an_icmp_error_does_not_end_a_mapping(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [server, _], .. } = home(&mut lab)?;
    let reflector = Reflector::on(&server, 3478)?;
    router.nat(&Nat::full_cone().keeping_ports(false).outside(OUTSIDE))?;
    let socket = client.udp_socket_at((Ipv4Addr::UNSPECIFIED, 0))?;
    let before = reflector.sees(&socket)?;
    client.run(|| socket.connect((server.ipv4(), 9)))??;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.send(b"anybody?")?;
    assert_eq!(socket.recv(&mut [0; 8]).map_err(|error| error.kind()), Err(ErrorKind::ConnectionRefused));
    client.run(|| socket.connect(reflector.address))??;
    assert_eq!(reflector.sees(&socket)?, before);
    assert_eq!(router.nat_mappings()?.len(), 1);
    Ok(())
}

/// Row 49: fragments pass a NAT both ways.
///
/// RFC 4787, REQ-14: later fragments have no ports.
#[netns_test(requires(nat))]
fn fragments_pass_a_translation_both_ways(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [server, _], .. } = home(&mut lab)?;
    router.nat(&Nat::home().outside(OUTSIDE))?;
    let (here, there) = (client.udp_socket(4000)?, server.udp_socket(5000)?);
    for socket in [&here, &there] {
        socket.set_read_timeout(Some(PATIENCE))?;
    }
    let sent: Vec<u8> = (0..=250).cycle().take(5_000).collect();
    let mut buffer = vec![0; 10_000];
    here.send_to(&sent, (server.ipv4(), 5000))?;
    let (length, from) = there.recv_from(&mut buffer)?;
    assert!(
        buffer[..length] == sent && from.ip().to_canonical() == outside_address(&router)?,
        "{length} bytes of {from}"
    );
    there.send_to(&sent, from)?;
    let length = here.recv(&mut buffer)?;
    assert!(buffer[..length] == sent, "{length} bytes");
    Ok(())
}
