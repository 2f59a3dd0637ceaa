//! Ethernet frames with echo messages of both families, for tests that answer and forge: the frames of a lying host.

/// The offset of the IP header.
pub const IP: usize = 14;

/// Returns the offset of the ICMP message in a frame, for IPv4 without options and IPv6 without extensions.
pub fn icmp(frame: &[u8]) -> usize {
    if is_ipv4(frame) { IP + 20 } else { IP + 40 }
}

fn is_ipv4(frame: &[u8]) -> bool {
    frame[12..14] == [8, 0]
}

/// Returns whether the frame is an echo request.
pub fn is_echo_request(frame: &[u8]) -> bool {
    let (is_ipv4, is_ipv6) =
        (frame.len() > IP + 28 && is_ipv4(frame), frame.len() > IP + 48 && frame[12..14] == [0x86, 0xdd]);
    (is_ipv4 && frame[IP + 9] == 1 && frame[icmp(frame)] == 8)
        || (is_ipv6 && frame[IP + 6] == 58 && frame[icmp(frame)] == 128)
}

/// Returns the bytes of the packet's source address.
pub fn source(frame: &mut [u8]) -> &mut [u8] {
    if is_ipv4(frame) { &mut frame[IP + 12..IP + 16] } else { &mut frame[IP + 8..IP + 24] }
}

/// Returns the reply to the request in a frame: swaps the addresses, changes the type, and applies `forge`.
pub fn reply(request: &[u8], forge: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut frame = request.to_vec();
    frame[..6].copy_from_slice(&request[6..12]);
    frame[6..12].copy_from_slice(&request[..6]);
    let (first, length) = if is_ipv4(request) { (IP + 12, 4) } else { (IP + 8, 16) };
    let (from, to) = request[first..].split_at(length);
    frame[first..first + length].copy_from_slice(&to[..length]);
    frame[first + length..first + 2 * length].copy_from_slice(from);
    let message = icmp(&frame);
    frame[message] = if is_ipv4(request) { 0 } else { 129 };
    seal(&mut frame);
    forge(&mut frame);
    frame
}

/// Corrects lengths and checksums.
pub fn seal(frame: &mut [u8]) {
    seal_ip(frame);
    let message = icmp(frame);
    frame[message + 2..message + 4].fill(0);
    let sum = if is_ipv4(frame) {
        checksum(&frame[message..])
    } else {
        // The pseudo-header; RFC 8200 section 8.1.
        let length = u32::try_from(frame.len() - message).unwrap_or(0).to_be_bytes();
        checksum(&[&frame[IP + 8..IP + 40], &length, &[0, 0, 0, 58], &frame[message..]].concat())
    };
    frame[message + 2..message + 4].copy_from_slice(&sum);
}

/// Corrects the IP header alone.
pub fn seal_ip(frame: &mut [u8]) {
    if is_ipv4(frame) {
        let length = u16::try_from(frame.len() - IP).unwrap_or(0).to_be_bytes();
        frame[IP + 2..IP + 4].copy_from_slice(&length);
        frame[IP + 10..IP + 12].fill(0);
        let sum = checksum(&frame[IP..IP + 20]);
        frame[IP + 10..IP + 12].copy_from_slice(&sum);
    } else {
        let length = u16::try_from(frame.len() - IP - 40).unwrap_or(0).to_be_bytes();
        frame[IP + 4..IP + 6].copy_from_slice(&length);
    }
}

/// Computes the Internet checksum, RFC 1071.
fn checksum(bytes: &[u8]) -> [u8; 2] {
    let word = |pair: &[u8]| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
    let mut sum: u32 = bytes.chunks(2).map(word).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!u16::try_from(sum).unwrap_or(0)).to_be_bytes()
}
