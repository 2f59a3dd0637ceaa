//! Texts that are addresses, as the rules about them judge them.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::facts::{Call, FileFacts, Sink};
use crate::tables;
use crate::value::Value;

/// An address in a text, with what stands around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// As written, `{}` for parts that are not known.
    pub text: String,
    /// The host: known, or an IPv4 address with known beginning.
    pub host: Host,
    /// The port, if it is known.
    pub port: Option<u16>,
}

/// A host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// An address.
    Known(IpAddr),
    /// The known first octets of an IPv4 address; the rest is filled in.
    Partly(Vec<u8>),
    /// A name, or nothing.
    Name,
}

/// Reads `host`, `host:port`, `[host]:port`, `host/length` and URLs of them; `None` if it is no address at all.
pub(super) fn read(text: &str) -> Option<Found> {
    let inner = text.split_once("://").map_or(text, |(_, rest)| rest);
    let inner = inner.rsplit_once('@').map_or(inner, |(_, rest)| rest);
    let authority = if text.contains("://") { inner.split(['/', '?']).next()? } else { inner };
    let (host, port) = host_and_port(authority)?;
    let host = host.split_once('/').map_or(host, |(host, _)| host);
    let port = port.and_then(|port| port.parse().ok());
    let host = if let Ok(address) = host.parse::<IpAddr>() {
        Host::Known(address)
    } else if let Some(octets) = partly_known(host) {
        Host::Partly(octets)
    } else if port.is_some() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._{}*".contains(c)) {
        Host::Name
    } else {
        return None;
    };
    Some(Found { text: text.to_owned(), host, port })
}

fn host_and_port(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        return Some((host, after.strip_prefix(':')));
    }
    match text.split_once(':') {
        // More than one colon: an IPv6 address without a port.
        Some((_, rest)) if rest.contains(':') => Some((text, None)),
        Some((host, port)) => Some((host, Some(port))),
        None => Some((text, None)),
    }
}

/// `10.1.{}.2`: four parts, the first known, all others a number or a hole.
fn partly_known(host: &str) -> Option<Vec<u8>> {
    let parts: Vec<&str> = host.split('.').collect();
    if parts.len() != 4 || !parts.iter().all(|part| *part == "{}" || part.parse::<u8>().is_ok()) {
        return None;
    }
    let known: Vec<u8> = parts.iter().map_while(|part| part.parse().ok()).collect();
    (!known.is_empty()).then_some(known)
}

/// Every address in a longer text, such as the command line of a shell.
pub(super) fn addresses_in(text: &str) -> Vec<Found> {
    text.split(|c: char| c.is_whitespace() || "\"'=,;()<>|".contains(c))
        .filter_map(read)
        .filter(|found| found.host != Host::Name)
        .collect()
}

/// An address or a network: `10.0.0.1`, `10.0.0.0/8`, `fd00::/8`.
pub(super) fn network(text: &str) -> Option<(IpAddr, u32)> {
    let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let length = length.map_or(Some(most), |length| length.parse().ok())?;
    (length <= most).then_some((address, length))
}

/// Whether every address that begins with the first `known` bits of `address` is in the network.
fn is_in(address: IpAddr, known: u32, (network, length): (IpAddr, u32)) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    };
    let differ = (bits(address) ^ bits(network)).leading_zeros();
    address.is_ipv4() == network.is_ipv4() && known >= length && differ >= length
}

impl Found {
    /// Whether the configuration's list has it: as written, or in a network.
    pub(super) fn is_allowed(&self, allowed: &[String]) -> bool {
        let (address, known) = match &self.host {
            Host::Known(address) => (*address, if address.is_ipv4() { 32 } else { 128 }),
            Host::Partly(octets) => {
                let octet = |index: usize| octets.get(index).copied().unwrap_or_default();
                let address = Ipv4Addr::new(octet(0), octet(1), octet(2), octet(3));
                (IpAddr::V4(address), u32::try_from(octets.len() * 8).unwrap_or_default())
            }
            Host::Name => return false,
        };
        allowed
            .iter()
            .any(|text| *text == self.text || network(text).is_some_and(|network| is_in(address, known, network)))
    }

    /// Whether the address may belong to somebody else on the next machine.
    pub(super) fn is_claimed_by_nobody(&self) -> bool {
        match &self.host {
            Host::Known(IpAddr::V4(address)) => foreign_v4(*address),
            Host::Known(IpAddr::V6(address)) => foreign_v6(*address),
            Host::Partly(octets) => {
                let octet = |index: usize| octets.get(index).copied().unwrap_or_default();
                foreign_v4(Ipv4Addr::new(octet(0), octet(1), octet(2), 1))
            }
            Host::Name => false,
        }
    }

    /// Whether it is an address of this machine, whichever that is.
    pub(super) fn is_local(&self) -> bool {
        match &self.host {
            Host::Known(address) => address.is_loopback() || address.is_unspecified(),
            Host::Partly(octets) => octets.first() == Some(&127),
            Host::Name => {
                let host = self.text.split_once("://").map_or(self.text.as_str(), |(_, rest)| rest);
                host.starts_with("localhost:")
            }
        }
    }

    /// Whether it stands for every address of the machine.
    pub(super) fn is_wildcard(&self) -> bool {
        matches!(&self.host, Host::Known(address) if address.is_unspecified())
    }
}

/// The functions that run in a network of their own: by their attribute, or by what they make.
pub(super) fn with_own_network(facts: &FileFacts) -> HashSet<usize> {
    let makes = |call: &&Call| {
        let known = |list: &[&str]| list.iter().any(|known| tables::ends_with(&call.path, known));
        known(tables::LABS)
            || known(tables::NAMESPACE_CALLS)
            || tables::NAMESPACE_METHODS.iter().any(|(_, makers)| known(makers))
    };
    let isolated = facts.functions.iter().enumerate().filter(|(_, function)| function.isolated);
    isolated.map(|(index, _)| index).chain(facts.calls.iter().filter(makes).map(|call| call.function)).collect()
}

/// Whether the address stands in the function that is called, which has its own finding.
pub(super) fn is_of_callee(sink: &Sink, value: &Value) -> bool {
    sink.through.is_some() && value.host.is_some_and(|host| host == sink.span)
}

/// Not loopback, documentation (RFC 5737), multicast, the unspecified address or a mask.
fn foreign_v4(address: Ipv4Addr) -> bool {
    let first = address.octets()[0];
    !(address.is_loopback() || address.is_documentation() || address.is_multicast() || first == 0 || first == 255)
}

/// Not loopback, documentation (RFC 3849, RFC 9637), multicast or the unspecified address.
fn foreign_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let documentation =
        (segments[0] == 0x2001 && segments[1] == 0x0db8) || (segments[0] == 0x3fff && segments[1] < 0x1000);
    let mapped_loopback = address.to_ipv4_mapped().is_some_and(|inner| !foreign_v4(inner));
    !(address.is_loopback() || address.is_unspecified() || address.is_multicast() || documentation || mapped_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign(text: &str) -> bool {
        read(text).is_some_and(|found| found.is_claimed_by_nobody())
    }

    #[test]
    fn addresses_are_told_from_other_texts() {
        for text in [
            "192.168.1.1",
            "192.168.1.1:80",
            "10.0.0.0/8",
            "[fd00::1]:53",
            "fd00::1",
            "http://10.1.2.3:80/x",
            "172.17.{}.1",
            "8.8.8.8:{}",
        ] {
            assert!(foreign(text), "{text}");
        }
        for text in [
            "127.0.0.1:80",
            "192.0.2.7",
            "198.51.100.1/24",
            "203.0.113.9:1",
            "[2001:db8::1]:1",
            "::1",
            "[::1]:0",
            "0.0.0.0/0",
            "::/0",
            "255.255.255.0",
            "224.0.0.251:5353",
            "localhost:80",
            "1.2.840.10045.2.1",
            "1.2.3",
            "300.1.1.1",
            "a.b.c.d",
            "{}.1.2.3",
            "std::net",
            "::ffff:127.0.0.1",
        ] {
            assert!(!foreign(text), "{text}");
        }
        let allowed = |text: &str, list: &str| read(text).is_some_and(|found| found.is_allowed(&[list.to_owned()]));
        assert!(
            allowed("10.1.2.3:80", "10.0.0.0/8")
                && allowed("10.1.{}.3", "10.1.0.0/16")
                && allowed("fd00::1", "fd00::/8")
        );
        assert!(
            !allowed("10.1.{}.3", "10.1.0.0/24")
                && !allowed("11.1.2.3", "10.0.0.0/8")
                && !allowed("fd00::1", "0.0.0.0/0")
        );
        assert_eq!(read("localhost:20000").and_then(|found| found.port), Some(20000));
        assert!(read("[::]:80").is_some_and(|found| found.is_wildcard()));
    }
}
