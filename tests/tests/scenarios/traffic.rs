//! Shared traffic of several scenarios: counted datagrams, timed transfers, and replies to any sender.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::thread;
use std::time::{Duration, Instant};

use netns_fixtures::net::Host;
use netns_fixtures::prelude::*;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, bind, connect, getsockopt, listen, setsockopt, socket,
    sockopt,
};
use nix::sys::time::TimeVal;

/// A socket buffer that takes this many bytes a datagram, and four times its length, loses none: the kernel accounts for its own structures
/// as well.
const BUFFER_BYTES_PER_DATAGRAM: usize = 4096;

/// The spacing at which a buffer of the kernel's default size holds all packets while its reader waits for a processor.
const SPACING_OF_A_SMALL_BUFFER: Duration = Duration::from_millis(1);

/// A datagram that arrived.
pub(crate) struct Arrival {
    /// Its number; the first one is 0.
    pub(crate) number: u32,
    /// When the sender sent it, after the start of the sender.
    pub(crate) sent: Duration,
    /// The time from its real departure to its arrival.
    pub(crate) delay: Duration,
    /// Its bytes are those that were sent.
    pub(crate) is_whole: bool,
}

/// Sends `count` numbered datagrams of `bytes` bytes, one each `spacing`, and returns those that arrive until nothing has arrived
/// for `quiet` after the last one was sent. A late sender catches up at twice the rate at most.
pub(crate) fn datagrams(
    from: &Host,
    to: &Host,
    count: u32,
    bytes: usize,
    spacing: Duration,
    quiet: Duration,
) -> TestResult<Vec<Arrival>> {
    let receiver = to.udp_socket(0)?;
    receiver.set_read_timeout(Some(quiet))?;
    let is_roomy = has_room(&receiver, usize::try_from(count)? * BUFFER_BYTES_PER_DATAGRAM.max(4 * bytes))?;
    let spacing = if is_roomy { spacing } else { spacing.max(SPACING_OF_A_SMALL_BUFFER) };
    let address = SocketAddr::new(to.addr(), receiver.local_addr()?.port());
    let sender = from.udp_socket(0)?;
    let start = Instant::now();
    let sent = move || -> std::io::Result<()> {
        let mut due = Duration::ZERO;
        for number in 0..count {
            let mut now = start.elapsed();
            while now < due {
                thread::sleep(due.saturating_sub(now));
                now = start.elapsed();
            }
            sender.send_to(&payload(number, nanoseconds(now), bytes), address)?;
            due = (spacing * (number + 1)).max(now + spacing / 2);
        }
        Ok(())
    };
    let sender = thread::spawn(sent);
    let mut arrivals = Vec::new();
    let mut buffer = vec![0; 2048];
    loop {
        // Checked before the wait: the quiet time starts after the last datagram was sent.
        let is_over = sender.is_finished();
        match receiver.recv(&mut buffer) {
            Ok(length) => {
                let arrived = start.elapsed();
                let number = u32::from_be_bytes(buffer[..4].try_into()?);
                let sent = u64::from_be_bytes(buffer[4..12].try_into()?);
                let is_whole = buffer[..length] == payload(number, sent, bytes);
                let sent = Duration::from_nanos(sent);
                arrivals.push(Arrival { number, sent, delay: arrived.saturating_sub(sent), is_whole });
            }
            Err(error) if is_timeout(&error) && is_over => break,
            // A receive with a timeout is interrupted where the process was stopped; signal(7).
            Err(error) if is_timeout(&error) || error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    sender.join().map_err(|_| "the sender panicked")??;
    Ok(arrivals)
}

/// Raises the receive buffer of a socket, and returns whether it has this many bytes now.
fn has_room(socket: &UdpSocket, bytes: usize) -> TestResult<bool> {
    // Beyond `rmem_max` this needs CAP_NET_ADMIN in the initial user namespace, which a test may not have.
    if setsockopt(socket, sockopt::RcvBufForce, &bytes).is_err() {
        setsockopt(socket, sockopt::RcvBuf, &bytes)?;
    }
    Ok(getsockopt(socket, sockopt::RcvBuf)? >= bytes)
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The number and the time, both again with all bits flipped so that a wrong bit in them is seen, and then a pattern.
fn payload(number: u32, sent: u64, bytes: usize) -> Vec<u8> {
    let mut payload = number.to_be_bytes().to_vec();
    payload.extend(sent.to_be_bytes());
    payload.extend((!number).to_be_bytes());
    payload.extend((!sent).to_be_bytes());
    payload.extend((0..=250_u8).cycle().take(bytes.saturating_sub(payload.len())));
    payload
}

/// Returns how many of `count` independent losses of this share are within the 99.9% interval, by the normal approximation.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "both bounds lie between 0 and a little more than the count"
)]
pub(crate) fn binomial(count: u32, share: f64) -> std::ops::RangeInclusive<u32> {
    let (mean, deviation) = (f64::from(count) * share, (f64::from(count) * share * (1.0 - share)).sqrt());
    let reach = 3.29 * deviation + 1.0;
    ((mean - reach).max(0.0) as u32)..=((mean + reach) as u32)
}

/// Sends `bytes` bytes over TCP and returns the time until the last one was read.
pub(crate) fn transfer(from: &Host, to: &Host, port: u16, bytes: usize) -> TestResult<Duration> {
    let listener = to.tcp_listener(port)?;
    // The deadline of `accept`: a connection that fails must not leave the reader waiting.
    setsockopt(&listener, sockopt::ReceiveTimeout, &TimeVal::new(10, 0))?;
    let reader = thread::spawn(move || -> std::io::Result<usize> {
        let mut stream = listener.accept()?.0;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let mut buffer = vec![0; 64 * 1024];
        let mut total = 0;
        loop {
            match stream.read(&mut buffer)? {
                0 => return Ok(total),
                read => total += read,
            }
        }
    });
    let mut stream = from.tcp_connect((to.addr(), port))?;
    let start = Instant::now();
    let chunk = vec![7; 16 * 1024];
    let mut left = bytes;
    while left > 0 {
        let length = left.min(chunk.len());
        stream.write_all(&chunk[..length])?;
        left -= length;
    }
    stream.shutdown(std::net::Shutdown::Write)?;
    let arrived = reader.join().map_err(|_| "the reader panicked")??;
    assert_eq!(arrived, bytes, "TCP delivers what was sent");
    Ok(start.elapsed())
}

/// A socket that answers each datagram with the address that it came from, as a STUN server does.
pub(crate) struct Reflector {
    /// The address on which it listens.
    pub(crate) address: SocketAddr,
}

impl Reflector {
    /// Starts one on a port of a host, on its address of the family of `addr`.
    pub(crate) fn on(host: &Host, port: u16) -> TestResult<Self> {
        let address = SocketAddr::new(host.addr(), port);
        // On this address alone, from which it then answers.
        let socket = host.udp_socket_at(address)?;
        socket.set_read_timeout(Some(Duration::from_secs(20)))?;
        // It ends with the test's process.
        thread::spawn(move || {
            let mut buffer = [0; 64];
            while let Ok((_, from)) = socket.recv_from(&mut buffer) {
                let seen = unmapped(from).to_string();
                if socket.send_to(seen.as_bytes(), from).is_err() {
                    break;
                }
            }
        });
        Ok(Self { address })
    }

    /// Returns the address under which the reflector sees the socket.
    pub(crate) fn sees(&self, socket: &UdpSocket) -> TestResult<SocketAddr> {
        Ok(self.sees_within(socket, Duration::from_secs(3))?.ok_or("the reflector did not answer within 3s")?)
    }

    /// The same; `None` if no answer to one datagram arrives for this long.
    pub(crate) fn sees_within(&self, socket: &UdpSocket, within: Duration) -> TestResult<Option<SocketAddr>> {
        socket.set_read_timeout(Some(within))?;
        socket.send_to(b"who am I?", self.address)?;
        let mut buffer = [0; 64];
        loop {
            match socket.recv_from(&mut buffer) {
                Ok((length, from)) if unmapped(from) == self.address => {
                    return Ok(Some(std::str::from_utf8(&buffer[..length])?.parse()?));
                }
                Ok(_) => {}
                Err(error) if is_timeout(&error) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// The same over TCP: it writes the source address of a connection, and closes it.
pub(crate) struct TcpReflector {
    address: SocketAddrV4,
}

impl TcpReflector {
    /// Starts one on a port of a host, on its IPv4 address.
    pub(crate) fn on(host: &Host, port: u16) -> TestResult<Self> {
        let listener = host.tcp_listener(port)?;
        let address = SocketAddrV4::new(host.ipv4(), port);
        // It ends with the test's process.
        thread::spawn(move || {
            while let Ok((mut stream, from)) = listener.accept() {
                // A client that has gone does not read it.
                let _ = stream.write_all(unmapped(from).to_string().as_bytes());
            }
        });
        Ok(Self { address })
    }

    /// Returns the address under which the reflector sees a connection from this port.
    pub(crate) fn sees(&self, from: &Host, port: u16) -> TestResult<SocketAddr> {
        let address = SockaddrIn::from(self.address);
        let socket = shared_port(from, port)?;
        connect(socket.as_raw_fd(), &address)?;
        let mut text = String::new();
        TcpStream::from(socket).read_to_string(&mut text)?;
        Ok(text.parse()?)
    }
}

/// A TCP socket on a port that other sockets share, with timeouts of three seconds.
pub(crate) fn shared_port(host: &Host, port: u16) -> TestResult<OwnedFd> {
    let open = move || -> nix::Result<OwnedFd> {
        let socket = socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
        setsockopt(&socket, sockopt::ReuseAddr, &true)?;
        setsockopt(&socket, sockopt::ReusePort, &true)?;
        setsockopt(&socket, sockopt::SendTimeout, &TimeVal::new(3, 0))?;
        setsockopt(&socket, sockopt::ReceiveTimeout, &TimeVal::new(3, 0))?;
        bind(socket.as_raw_fd(), &SockaddrIn::from(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port)))?;
        Ok(socket)
    };
    Ok(host.run(open)??)
}

/// A listener on a port from which the host also connects.
pub(crate) fn shared_listener(host: &Host, port: u16) -> TestResult<OwnedFd> {
    let socket = shared_port(host, port)?;
    listen(&socket, Backlog::new(16)?)?;
    Ok(socket)
}

/// Returns an IPv4-mapped address as IPv4, as a dual-stack socket reports it; other addresses unchanged.
pub(crate) fn unmapped(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V6(ip) => ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4),
        IpAddr::V4(ip) => IpAddr::V4(ip),
    };
    SocketAddr::new(ip, address.port())
}

/// Returns whether a datagram from one socket reaches the other within the time; returns at once when it arrives.
pub(crate) fn reaches(from: &UdpSocket, to: SocketAddr, socket: &UdpSocket, within: Duration) -> TestResult<bool> {
    let token = format!("token {:?}", Instant::now());
    // The next call reports a refusal of an earlier datagram, which is not about this one.
    if let Err(error) = from.send_to(token.as_bytes(), to)
        && error.kind() != ErrorKind::ConnectionRefused
    {
        return Err(error.into());
    }
    let end = Instant::now() + within;
    let mut buffer = [0; 128];
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        socket.set_read_timeout(Some(left))?;
        match socket.recv(&mut buffer) {
            Ok(length) if &buffer[..length] == token.as_bytes() => return Ok(true),
            Ok(_) => {}
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::ConnectionRefused
                ) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Returns the numbers that are missing, doubled, or out of order.
pub(crate) fn numbers(arrivals: &[Arrival]) -> (BTreeMap<u32, usize>, usize) {
    let mut seen = BTreeMap::new();
    let mut overtaken = 0;
    let mut highest = None;
    for arrival in arrivals {
        *seen.entry(arrival.number).or_default() += 1;
        overtaken += usize::from(highest.is_some_and(|highest| arrival.number < highest));
        highest = highest.max(Some(arrival.number));
    }
    (seen, overtaken)
}
