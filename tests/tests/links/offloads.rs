//! Frames with and without the offloads of devices.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};

use netns_fixtures::net::Pair;
use netns_fixtures::net::condition::Condition;
use netns_fixtures::prelude::*;
use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, setsockopt, socket, sockopt};
use nix::sys::time::{TimeVal, TimeValLike};

/// Returns the sum in ones' complement of RFC 1071.
fn folded(words: impl Iterator<Item = u32>) -> u32 {
    let sum: u32 = words.sum();
    (sum & 0xffff) + (sum >> 16)
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    bytes.chunks(2).map(|two| u32::from(two[0]) << 8 | two.get(1).map_or(0, |low| u32::from(*low)))
}

/// Returns a socket for the frames of all devices of a host, as the kernel hands them over.
fn plain_socket(host: &Host) -> TestResult<File> {
    let open = || socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::EthAll);
    Ok(File::from(host.run(open)??))
}

/// Returns whether the checksum of the first UDP datagram that arrives is complete.
fn checksum_is_complete(mut wire: File, from: &Host, to: &Host) -> TestResult<bool> {
    let _server = to.udp_socket(7)?;
    from.udp_socket(0)?.send_to(b"hello there", (to.ipv4(), 7))?;
    let mut frame = [0; 2000];
    let length = loop {
        let length = wire.read(&mut frame)?;
        if frame[12..14] == [8, 0] && frame[23] == 17 {
            break length;
        }
    };
    let datagram = &frame[34..length];
    let pseudo_header = words(&frame[26..34]).chain([17 + u32::try_from(datagram.len())?]);
    Ok(folded(pseudo_header.chain(words(datagram))) == 0xffff)
}

/// The largest frame of a bulk transfer. Reads frames while the data flows: the socket of a machine with small buffers holds few of them.
fn largest_frame(mut wire: File, from: &Host, to: &Host) -> TestResult<usize> {
    const BYTES: usize = 300_000;
    setsockopt(&wire, sockopt::ReceiveTimeout, &TimeVal::milliseconds(20))?;
    let listener = to.tcp_listener(80)?;
    let mut client = from.tcp_connect((to.ipv4(), 80))?;
    let sender = std::thread::spawn(move || client.write_all(&vec![7; BYTES]));
    let receiver = std::thread::spawn(move || listener.accept()?.0.read_exact(&mut vec![0; BYTES]));
    let mut frame = vec![0; 70_000];
    let mut largest = 0;
    loop {
        let is_over = receiver.is_finished();
        match wire.read(&mut frame) {
            Ok(length) => largest = length.max(largest),
            Err(error) if error.kind() == ErrorKind::WouldBlock && is_over => break,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
    }
    sender.join().expect("it does not panic")?;
    receiver.join().expect("it does not panic")?;
    Ok(largest)
}

#[netns_test]
fn without_offloads_frames_are_as_on_a_wire(net: Pair, mut lab: Lab) -> TestResult {
    let is_complete = |from, to| checksum_is_complete(plain_socket(to)?, from, to);
    let largest = |from, to| largest_frame(plain_socket(to)?, from, to);
    // The control: by default, the kernel leaves both to a device that does neither.
    assert!(!is_complete(&net.client, &net.server)?);
    assert!(largest(&net.client, &net.server)? > 1514);
    for host in [&net.client, &net.server] {
        host.set_offloads("eth0", false)?;
    }
    assert!(is_complete(&net.client, &net.server)?);
    assert!(is_complete(&net.server, &net.client)?);
    assert!(largest(&net.client, &net.server)? <= 1514);
    net.client.set_offloads("eth0", true)?;
    assert!(!is_complete(&net.client, &net.server)?);
    // Over a switch and a relay, from the start.
    let switch = lab.switch("switch");
    let [one, other, far] = ["one", "other", "far"].map(|name| lab.host(name));
    lab.link(&one, &switch).without_offloads();
    lab.link(&other, &switch).without_offloads();
    lab.link(&far, &switch).without_offloads().condition(Condition::new());
    lab.up()?;
    for (from, to) in [(&one, &other), (&one, &far), (&far, &one)] {
        assert!(is_complete(from, to)?, "{} to {}", from.name(), to.name());
        assert!(largest(from, to)? <= 1514, "{} to {}", from.name(), to.name());
    }
    Ok(())
}

/// A packet socket receives frames as on a wire without an option, also behind a switch.
#[netns_test]
fn a_packet_socket_receives_frames_as_on_a_wire(net: Pair, lan: Lan<2>) -> TestResult {
    for (from, to) in [(&net.client, &net.server), (&lan.hosts[0], &lan.hosts[1])] {
        assert!(!checksum_is_complete(plain_socket(to)?, from, to)?, "the control");
        let packet_socket = || -> TestResult<File> { Ok(File::from(to.packet_socket("eth0")?)) };
        assert!(checksum_is_complete(packet_socket()?, from, to)?, "{} to {}", from.name(), to.name());
        assert!(largest_frame(packet_socket()?, from, to)? <= 1514, "{} to {}", from.name(), to.name());
    }
    // A device without another end keeps its offloads, and the socket opens.
    net.server.packet_socket("lo")?;
    Ok(())
}

#[netns_test]
fn offloads_that_cannot_change_are_an_error(net: Pair) -> TestResult {
    assert!(format!("{:#}", net.client.set_offloads("eth7", false).unwrap_err()).contains("eth7"));
    let fixed = format!("{:#}", net.client.set_offloads("lo", false).unwrap_err());
    assert!(fixed.contains("the offloads of lo"), "{fixed}");
    Ok(())
}
