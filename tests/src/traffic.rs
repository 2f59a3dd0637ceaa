//! Checks whether datagrams and frames cross a network: shared code of the tests of links, switches and hosts.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{IpAddr, UdpSocket};
use std::ops::ControlFlow::{Break, Continue};
use std::time::Duration;

use netns_fixtures::net::address::{IpNet, MacAddr};
use netns_fixtures::prelude::*;
use netns_fixtures::time::{Deadline, wait_until};
use nix::libc;
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::{TimeVal, TimeValLike};

/// The time limit for traffic that must arrive: a busy machine is slow.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// The time that a test waits for traffic that must not arrive.
pub const SILENCE: Duration = Duration::from_millis(150);

/// Returns a UDP socket on one address, with this read timeout.
///
/// # Errors
///
/// Fails if a socket call fails.
pub fn socket_on(host: &Host, address: IpAddr, wait: Duration) -> TestResult<UdpSocket> {
    let socket = host.run(|| UdpSocket::bind((address, 0)))??;
    socket.set_read_timeout(Some(wait))?;
    Ok(socket)
}

/// Returns whether a datagram from one address arrives at the other, with the sender's address as its source.
///
/// # Errors
///
/// Fails if a socket call fails.
pub fn arrives(from: (&Host, IpAddr), to: (&Host, IpAddr)) -> TestResult<bool> {
    arrives_within(PATIENCE, from, to)
}

/// Returns whether the datagram does not arrive.
///
/// # Errors
///
/// Fails if a socket call fails.
pub fn is_lost(from: (&Host, IpAddr), to: (&Host, IpAddr)) -> TestResult<bool> {
    Ok(!arrives_within(SILENCE, from, to)?)
}

/// Checks like [`arrives`], with another time limit.
///
/// # Errors
///
/// Fails if a socket call fails.
pub fn arrives_within(wait: Duration, from: (&Host, IpAddr), to: (&Host, IpAddr)) -> TestResult<bool> {
    let (here, there) = (socket_on(from.0, from.1, wait)?, socket_on(to.0, to.1, wait)?);
    if here.send_to(b"crosses", there.local_addr()?).is_err() {
        return Ok(false);
    }
    let mut heard = [0; 16];
    match there.recv_from(&mut heard) {
        Ok((length, sender)) => Ok(&heard[..length] == b"crosses" && sender == here.local_addr()?),
        Err(_) => Ok(false),
    }
}

/// Asserts that every address of one host reaches every address of the other in its family, and the reverse.
///
/// # Errors
///
/// Fails if a socket call fails.
///
/// # Panics
///
/// Panics if a datagram does not arrive.
pub fn assert_crossed(one: (&Host, &[IpNet]), other: (&Host, &[IpNet])) -> TestResult {
    for here in one.1 {
        for there in other.1.iter().filter(|there| there.addr().is_ipv4() == here.addr().is_ipv4()) {
            assert!(arrives((one.0, here.addr()), (other.0, there.addr()))?, "{here} to {there}");
            assert!(arrives((other.0, there.addr()), (one.0, here.addr()))?, "{there} to {here}");
        }
    }
    Ok(())
}

/// An Ethernet frame of a type that no protocol answers to; IEEE 802 sets 0x88b5 aside for experiments.
pub fn frame(to: MacAddr, from: MacAddr) -> Vec<u8> {
    let mut frame = [to.0, from.0].concat();
    frame.extend([0x88, 0xb5]);
    frame.resize(60, 0);
    frame
}

/// Sends a frame on `wire` and returns whether `there` receives it. Without `there`, it returns whether the frame comes back
/// to `wire`, which does not receive its own frames. Hosts also send their own frames, so only this frame counts.
///
/// # Errors
///
/// Fails if a socket call fails, or if the queue of the device stays full for [`PATIENCE`].
pub fn sent_is_heard(wait: Duration, wire: &mut File, there: Option<&mut File>, frame: &[u8]) -> TestResult<bool> {
    // ENOBUFS: the device's queue was full for a moment; send(2).
    let sent = || match wire.write_all(frame) {
        Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => Continue(error),
        sent => Break(sent),
    };
    wait_until(Deadline::after(PATIENCE), Duration::from_millis(1), sent)??;
    let there = there.unwrap_or(wire);
    setsockopt(there, sockopt::ReceiveTimeout, &TimeVal::milliseconds(wait.as_millis().try_into()?))?;
    let mut heard = [0; 1514];
    while let Ok(length) = there.read(&mut heard) {
        if &heard[..length] == frame {
            return Ok(true);
        }
    }
    Ok(false)
}
