//! Whether datagrams and frames cross a network: what tests of links, switches and hosts have in common.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{IpAddr, UdpSocket};
use std::time::Duration;

use netns_fixtures::net::address::{IpNet, MacAddr};
use netns_fixtures::prelude::*;
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::{TimeVal, TimeValLike};

/// How long what has to come is waited for: a busy machine takes its time.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// How long what must not come is waited for.
pub const SILENCE: Duration = Duration::from_millis(150);

/// A UDP socket on one address, which waits so long at most.
///
/// # Errors
///
/// Those of the sockets.
pub fn socket_on(host: &Host, address: IpAddr, wait: Duration) -> TestResult<UdpSocket> {
    let socket = host.run(|| UdpSocket::bind((address, 0)))??;
    socket.set_read_timeout(Some(wait))?;
    Ok(socket)
}

/// Whether a datagram from one address to the other arrives, and comes from where it was sent.
///
/// # Errors
///
/// Those of the sockets.
pub fn arrives(from: (&Host, IpAddr), to: (&Host, IpAddr)) -> TestResult<bool> {
    arrives_within(PATIENCE, from, to)
}

/// Whether it does not.
///
/// # Errors
///
/// Those of the sockets.
pub fn is_lost(from: (&Host, IpAddr), to: (&Host, IpAddr)) -> TestResult<bool> {
    Ok(!arrives_within(SILENCE, from, to)?)
}

/// The same, with another patience.
///
/// # Errors
///
/// Those of the sockets.
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

/// Every address of one reaches those of the other of its family, and the other way round.
///
/// # Errors
///
/// Those of the sockets.
///
/// # Panics
///
/// Where it does not.
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

/// Whether a frame that is sent by one packet socket is heard by another, or comes back to the same, which does not hear what it
/// sends itself. Hosts speak of themselves now and then, so that only this frame counts.
///
/// # Errors
///
/// Those of the sockets.
pub fn sent_is_heard(wait: Duration, wire: &mut File, there: Option<&mut File>, frame: &[u8]) -> TestResult<bool> {
    wire.write_all(frame)?;
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
