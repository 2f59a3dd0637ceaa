//! Addresses that code builds from numbers, converted to text.

use std::net::Ipv6Addr;

use crate::span::Span;
use crate::tables::ends_with;
use crate::value::{Piece, Value};

/// Returns the text of an associated constant of the address types.
pub(super) fn constant(path: &str) -> Option<&'static str> {
    let known = [
        ("Ipv4Addr::LOCALHOST", "127.0.0.1"),
        ("Ipv4Addr::UNSPECIFIED", "0.0.0.0"),
        ("Ipv4Addr::BROADCAST", "255.255.255.255"),
        ("Ipv6Addr::LOCALHOST", "::1"),
        ("Ipv6Addr::UNSPECIFIED", "::"),
    ];
    known.iter().find(|(name, _)| ends_with(path, name)).map(|(_, text)| *text)
}

/// Returns the result of a constructor of an address type.
pub(super) fn made(path: &str, arguments: &[Value], span: Span) -> Option<Value> {
    let mut segments = path.rsplit("::");
    let (function, holder) = (segments.next()?, segments.next()?);
    match (holder, function, arguments) {
        ("Ipv4Addr" | "Ipv4Address", "new", [_, _, _, _]) => Some(joined(span, arguments, ".")),
        ("Ipv4Addr" | "IpAddr", "from" | "from_bits", [number]) if number.exact().is_some() => {
            let bits = number.exact()?.to_string().parse().ok()?;
            Some(Value::text(span, std::net::Ipv4Addr::from_bits(bits).to_string()))
        }
        ("Ipv6Addr", "from" | "from_bits", [number]) if number.exact().is_some() => {
            let bits = number.exact()?.to_string().parse().ok()?;
            Some(Value::text(span, Ipv6Addr::from_bits(bits).to_string()))
        }
        (
            "Ipv4Addr" | "IpAddr" | "Ipv4Address" | "Ipv6Addr",
            "from" | "from_octets" | "from_segments" | "from_bytes",
            [octets],
        ) => of_octets(octets.items.as_deref()?, span),
        ("IpAddr" | "Ipv4Addr" | "Ipv6Addr" | "SocketAddr" | "SocketAddrV4" | "SocketAddrV6", "from_str", [text])
        | ("SockAddr", "from", [text]) => Some(text.clone()),
        ("Ipv6Addr" | "Ipv6Address", "new", [_, _, _, _, _, _, _, _]) => {
            let mut groups = [0_u16; 8];
            for (group, argument) in groups.iter_mut().zip(arguments) {
                let text = argument.exact()?.to_string();
                *group = text.parse().ok()?;
            }
            Some(Value::text(span, Ipv6Addr::from(groups).to_string()))
        }
        ("SocketAddr" | "SocketAddrV4" | "SocketAddrV6", "new", [address, port, ..]) => {
            Some(socket(span, address, port))
        }
        ("SocketAddr" | "SocketAddrV4" | "SocketAddrV6", "from", [pair]) => match pair.items.as_deref() {
            Some([address, port]) => Some(socket(span, address, port)),
            _ => None,
        },
        ("IpAddr" | "SocketAddr", "V4" | "V6", [address]) => Some(address.clone()),
        // unix(7): the name of an abstract socket begins with a zero byte.
        ("SocketAddr", "from_abstract_name", [name]) | ("UnixAddr", "new_abstract", [name]) => {
            let mut text = Value { pieces: Vec::new(), ..Value::unknown(span) };
            text.append(&Value::text(span, "\0"));
            text.append(name);
            Some(text)
        }
        ("SocketAddr", "from_pathname", [path]) | ("UnixAddr", "new", [path]) => Some(path.clone()),
        (
            "Ipv4Net" | "Ipv6Net" | "IpNet" | "IpNetwork" | "Ipv4Network" | "Ipv6Network" | "Ipv4Cidr" | "Ipv6Cidr"
            | "IpCidr",
            "new" | "new_checked" | "new_assert" | "with_prefix_len",
            [address, length],
        ) => {
            let mut text = Value { pieces: Vec::new(), ..Value::unknown(span) };
            text.append(address);
            text.append(&Value::text(span, "/"));
            text.append(length);
            Some(text)
        }
        _ => None,
    }
}

/// Returns the address of four octets, sixteen octets, or eight groups.
fn of_octets(items: &[Value], span: Span) -> Option<Value> {
    let number = |value: &Value| value.exact()?.to_string().parse::<u16>().ok();
    match items.len() {
        4 => Some(joined(span, items, ".")),
        8 => {
            let groups: Vec<u16> = items.iter().map(number).collect::<Option<_>>()?;
            let groups: [u16; 8] = groups.try_into().ok()?;
            Some(Value::text(span, Ipv6Addr::from(groups).to_string()))
        }
        16 => {
            let octets: Vec<u8> = items.iter().map(|item| u8::try_from(number(item)?).ok()).collect::<Option<_>>()?;
            let octets: [u8; 16] = octets.try_into().ok()?;
            Some(Value::text(span, Ipv6Addr::from(octets).to_string()))
        }
        _ => None,
    }
}

/// Returns the result of a method of an address or a network: `network.ip()`, `address.ip()`, `address.port()`.
pub(super) fn part(name: &str, receiver: &Value, span: Span) -> Option<Value> {
    let text = receiver.constant()?;
    let part = match name {
        "ip" | "addr" | "address" | "network" if text.contains('/') => {
            text.split_once('/').map(|(host, _)| host.to_owned())
        }
        "ip" => text.parse::<std::net::SocketAddr>().ok().map(|address| address.ip().to_string()),
        "port" => {
            let port = text.parse::<std::net::SocketAddr>().ok()?.port();
            return Some(Value { span: receiver.span, ..Value::number(span, f64::from(port)) });
        }
        _ => None,
    };
    part.filter(|part| part.parse::<std::net::IpAddr>().is_ok()).map(|part| Value::text(receiver.span, part))
}

/// Whether a text starts with an address and the colon before its port: `10.0.0.1:`, `[::]:`.
pub(super) fn is_whole_host(text: &str) -> bool {
    let host = text.rsplit_once(':').map(|(host, _)| host.trim_start_matches('[').trim_end_matches(']'));
    host.is_some_and(|host| host.parse::<std::net::IpAddr>().is_ok())
}

/// Converts `("10.0.0.1", 80)` and `([10, 0, 0, 1], 80)` to the text `10.0.0.1:80`; returns other values unchanged.
pub(super) fn flattened(value: &Value) -> Value {
    match value.items.as_deref() {
        Some([address, port]) => Value { call: value.call, ..socket(value.span, address, port) },
        Some(octets @ [_, _, _, _]) => joined(value.span, octets, "."),
        _ => value.clone(),
    }
}

fn socket(span: Span, address: &Value, port: &Value) -> Value {
    let address =
        address.items.as_deref().and_then(|items| of_octets(items, address.span)).unwrap_or_else(|| address.clone());
    let choices: Vec<Value> = address.choices.iter().map(|choice| socket(span, choice, port)).collect();
    let address = Value { choices: Vec::new(), ..address };
    let brackets = address.prefix().contains(':');
    let mut text = Value { pieces: Vec::new(), ..Value::unknown(span) };
    if brackets {
        text.append(&Value::text(span, "["));
    }
    text.append(&address);
    text.append(&Value::text(span, if brackets { "]:" } else { ":" }));
    text.append(&first_of_a_few(port));
    if !choices.is_empty() {
        text.choices = choices;
    }
    text.fields.clone_from(&port.fields);
    text.host = (!address.prefix().is_empty()).then_some(address.host.unwrap_or(address.span));
    text
}

/// Returns the first port of a short range that the code fixes.
fn first_of_a_few(port: &Value) -> Value {
    let end = |name: &str| port.fields.iter().find(|(known, _)| known == name).and_then(|(_, end)| end.exact());
    let first = match (end("start"), end("end")) {
        (Some(first), Some(last)) if first >= 1.0 && last - first <= FEW_PORTS => first,
        _ => return port.clone(),
    };
    Value { pieces: vec![Piece::Text(first.to_string())], ..port.clone() }
}

/// The maximum size of such a range.
const FEW_PORTS: f64 = 1_000.0;

fn joined(span: Span, parts: &[Value], separator: &str) -> Value {
    let mut text = Value { pieces: Vec::new(), ..Value::unknown(span) };
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            text.append(&Value::text(span, separator));
        }
        let known = part.exact().map(|number| Piece::Text(number.to_string()));
        let pieces = vec![known.unwrap_or(Piece::Hole)];
        text.append(&Value { pieces, sources: part.sources.clone(), ..Value::unknown(part.span) });
    }
    text
}
