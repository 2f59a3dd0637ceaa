//! Measurements of one link by sockets at its ends, the same for ours and for the peers, whose programs include this file. So it uses the
//! standard library only.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

/// The bytes of a transfer.
pub const TRANSFERRED_BYTES: usize = 32 * 1024 * 1024;

/// The longest silence that is not an error.
const PATIENCE: Duration = Duration::from_secs(10);

/// Connects and returns the time from the first byte until the other end has read the last, over one connection of TCP.
///
/// # Errors
///
/// A socket fails, nothing arrives for ten seconds, or the connection ends early.
pub fn transfer(listener: TcpListener, connect: impl FnOnce() -> io::Result<TcpStream>) -> io::Result<Duration> {
    // The kernel completes it before `accept`, which then has nothing to wait for.
    let mut stream = connect()?;
    let reader = thread::spawn(move || -> io::Result<Instant> {
        let (mut stream, mut buffer, mut total) = (listener.accept()?.0, vec![0; 256 * 1024], 0);
        stream.set_read_timeout(Some(PATIENCE))?;
        loop {
            match stream.read(&mut buffer)? {
                0 if total == TRANSFERRED_BYTES => return Ok(Instant::now()),
                0 => return Err(io::Error::other(format!("{total} bytes arrived"))),
                read => total += read,
            }
        }
    });
    stream.set_write_timeout(Some(PATIENCE))?;
    let chunk = vec![7; 256 * 1024];
    let start = Instant::now();
    for _ in 0..TRANSFERRED_BYTES / chunk.len() {
        stream.write_all(&chunk)?;
    }
    drop(stream);
    let end = reader.join().map_err(|_| io::Error::other("the reader panicked"))??;
    Ok(end - start)
}

/// Returns the median of 100 echo requests of ICMP, one after another. The socket is a raw one of ICMP over IPv4, connected to the other end;
/// the other end's kernel answers.
///
/// # Errors
///
/// The socket fails, or a reply does not arrive within ten seconds.
pub fn round_trip(socket: &UdpSocket) -> io::Result<Duration> {
    const ECHO_REQUEST: u8 = 8;
    const ECHO_REPLY: u8 = 0;
    const IPV4_HEADER_BYTES: usize = 20;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut times = Vec::new();
    for number in 0..100_u16 {
        let mut request = [0; 64];
        request[0] = ECHO_REQUEST;
        request[6..8].copy_from_slice(&number.to_be_bytes());
        // The sum of two words in ones' complement, which does not overflow; source: RFC 1071.
        let checksum = !((u16::from(ECHO_REQUEST) << 8) + number);
        request[2..4].copy_from_slice(&checksum.to_be_bytes());
        let start = Instant::now();
        socket.send(&request)?;
        let mut reply = [0; 128];
        loop {
            let length = socket.recv(&mut reply)?;
            let reply = reply[..length].get(IPV4_HEADER_BYTES..).unwrap_or_default();
            if reply.first() == Some(&ECHO_REPLY) && reply.get(6..8) == Some(&request[6..8]) {
                break;
            }
        }
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}
