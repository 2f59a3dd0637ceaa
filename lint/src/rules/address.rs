//! Addresses in texts, as the rules about addresses judge them.

use std::cell::OnceCell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::facts::{Call, CallId, FileFacts, Sink};
use crate::flow::Flow;
use crate::network::Network;
use crate::span::Span;
use crate::tables;
use crate::value::Value;

/// An address in a text, with its host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The text as written, with `{}` for unknown parts.
    pub text: String,
    /// The host: a known address, or an IPv4 address with known first octets.
    pub host: Host,
    /// The port, if it is known.
    pub port: Option<u16>,
}

/// A host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// An address.
    Known(IpAddr),
    /// The known first octets of an IPv4 address; the rest is inserted at run time.
    Partly(Vec<u8>),
    /// A name, or nothing.
    Name,
}

/// Parses `host`, `host:port`, `[host]:port`, `host/length` and URLs with them; `None` if the text is not an address.
pub(super) fn read(text: &str) -> Option<Found> {
    if let Some(found) = multiaddress(text) {
        return Some(found);
    }
    let plain = TRANSPORTS.iter().find_map(|transport| text.strip_prefix(transport)?.strip_prefix(['/', ':']));
    if let Some(plain) = plain.filter(|plain| !plain.starts_with('/')) {
        return read(plain).map(|found| Found { text: text.to_owned(), ..found });
    }
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

/// Prefixes of addresses in some libraries: `tcp/127.0.0.1:80`.
const TRANSPORTS: &[&str] = &["tcp", "udp", "tls", "quic", "ws", "wss", "http", "tcp4", "tcp6", "udp4", "udp6"];

/// Parses `/ip4/0.0.0.0/tcp/0`, the format of libp2p.
fn multiaddress(text: &str) -> Option<Found> {
    let mut parts = text.strip_prefix('/')?.split('/');
    let host = match (parts.next()?, parts.next()?) {
        ("ip4" | "ip6", host) => {
            host.parse().map_or_else(|_| partly_known(host).map(Host::Partly), |host| Some(Host::Known(host)))?
        }
        ("dns" | "dns4" | "dns6", _) => Host::Name,
        _ => return None,
    };
    let port = parts.find(|part| ["tcp", "udp"].contains(part)).and_then(|_| parts.next()?.parse().ok());
    Some(Found { text: text.to_owned(), host, port })
}

fn host_and_port(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        return Some((host, after.strip_prefix(':')));
    }
    match text.split_once(':') {
        // A text with more than one colon is an IPv6 address without a port, unless a function that does not know the
        // family has joined `::1` and a port.
        Some((_, rest)) if rest.contains(':') => Some(match text.rsplit_once(':') {
            Some(("::1" | "::", port)) => (text.strip_suffix(port)?.strip_suffix(':')?, Some(port)),
            _ => (text, None),
        }),
        Some((host, port)) => Some((host, Some(port))),
        None => Some((text, None)),
    }
}

/// Parses `10.1.{}.2`: four parts, the first known, each other a number or a hole.
fn partly_known(host: &str) -> Option<Vec<u8>> {
    let parts: Vec<&str> = host.split('.').collect();
    if parts.len() != 4 || !parts.iter().all(|part| *part == "{}" || part.parse::<u8>().is_ok()) {
        return None;
    }
    let known: Vec<u8> = parts.iter().map_while(|part| part.parse::<u8>().ok()).collect();
    (!known.is_empty()).then_some(known)
}

/// Returns every address in a longer text, such as a shell command line.
pub(super) fn addresses_in(text: &str) -> Vec<Found> {
    text.split(|c: char| c.is_whitespace() || "\"'=,;()<>|".contains(c))
        .filter_map(read)
        .filter(|found| found.host != Host::Name)
        .collect()
}

impl Found {
    /// Whether the configuration allows the address: literally, or as part of a network.
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
        allowed.iter().any(|text| {
            *text == self.text || Network::parse(text).is_some_and(|network| network.contains(address, known))
        })
    }

    /// Whether the address is not reserved, so that another machine may use it.
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

    /// Whether it is an address of the local machine, on every machine.
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

    /// Whether it is the unspecified address, which covers every address of the machine.
    pub(super) fn is_wildcard(&self) -> bool {
        matches!(&self.host, Host::Known(address) if address.is_unspecified())
    }
}

/// Decides which sinks have their own network: through an attribute of the test, through a library that creates one, or
/// because the thread is in a network namespace.
pub(super) struct Networks<'f> {
    facts: &'f FileFacts,
    flow: OnceCell<Flow<'f>>,
}

impl<'f> Networks<'f> {
    /// Creates the check for a file; computes the control flow on first use.
    pub(super) fn new(facts: &'f FileFacts) -> Self {
        Self { facts, flow: OnceCell::new() }
    }

    /// Whether the sink has its own network.
    pub(super) fn is_own(&self, sink: &Sink) -> bool {
        self.is_own_function(sink.function) || self.flow().is_sink_inside(sink)
    }

    /// Whether the call has its own network.
    pub(super) fn is_own_call(&self, id: CallId) -> bool {
        self.is_own_function(self.facts.calls[id].function) || self.flow().is_inside(id)
    }

    fn is_own_function(&self, function: usize) -> bool {
        let makes_lab = |call: &Call| {
            let known = || tables::LABS.iter().any(|known| tables::ends_with(&call.path, known));
            call.function == function
                && !call.is_of_known_function()
                && known()
                && self.facts.is_from(&call.path, tables::LAB_CRATES)
        };
        self.facts.functions[function].isolated || self.facts.calls.iter().any(makes_lab)
    }

    fn flow(&self) -> &Flow<'f> {
        self.flow.get_or_init(|| Flow::new(self.facts))
    }
}

/// Returns the arguments of calls, and their items, that are more than compared, printed or stored.
pub(super) fn given_values(facts: &FileFacts) -> impl Iterator<Item = (&Call, &Value)> {
    let uses = |call: &&Call| {
        let is_macro = call.name.strip_suffix('!').is_some_and(tables::is_looking);
        !is_macro && (!tables::KEEPING.contains(&call.name.as_str()) || call.path.contains("::"))
    };
    facts.calls.iter().filter(uses).flat_map(|call| {
        call.arguments.iter().flat_map(move |value| {
            std::iter::once(value).chain(value.items.iter().flatten()).map(move |value| (call, value))
        })
    })
}

/// Returns the place where the host of an address is written: in the address, or in a constant that begins it.
pub(super) fn place_of_host(value: &Value) -> Span {
    let begins = |(place, text): (Span, &str)| read(text).map(|_| place);
    value.host.or_else(|| value.written().and_then(begins)).unwrap_or(value.span)
}

/// Whether the address is written in the called function, which has its own finding.
pub(super) fn is_of_callee(sink: &Sink, value: &Value) -> bool {
    sink.through.is_some() && value.host.is_some_and(|host| host == sink.span)
}

/// Whether the address is not loopback, documentation (RFC 5737), multicast, unspecified or a mask.
fn foreign_v4(address: Ipv4Addr) -> bool {
    let first = address.octets()[0];
    !(address.is_loopback() || address.is_documentation() || address.is_multicast() || first == 0 || first == 255)
}

/// Whether the address is not loopback, documentation (RFC 3849, RFC 9637), multicast or unspecified.
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
            "::1:0",
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
        assert!(foreign("/ip4/10.0.0.1/udp/53/quic-v1") && foreign("tcp/10.0.0.1:80") && foreign("tcp:10.0.0.1:80"));
        assert!(!foreign("/ip4/127.0.0.1/tcp/0") && !foreign("/proc/10.0.0.1") && !foreign("tcp/localhost:80"));
        assert_eq!(read("/ip4/0.0.0.0/udp/7/quic-v1").and_then(|found| found.port), Some(7));
        assert!(read("[::]:80").is_some_and(|found| found.is_wildcard()));
    }
}
