//! # literal-address
//!
//! Reports a fixed address, or one with a fixed beginning, that reaches a socket, a device, a route, a command line or
//! the configuration file of a server, unless it is loopback or set aside for documentation.
//!
//! ## Why is this bad?
//! Another machine may use the address: for a VPN, a container bridge, a colleague's network. The test then fails
//! there, talks to a stranger, or removes the machine's own route.
//!
//! ## Bad
//! ```text
//! let socket = UdpSocket::bind("192.168.51.1:0")?;
//! Command::new("ip").args(["addr", "add", "10.0.0.1/24", "dev", "tap0"]).status()?;
//! ```
//!
//! ## Good
//! ```text
//! let socket = UdpSocket::bind("127.0.0.1:0")?;
//! let socket = net.server.udp_socket(0)?;           // netns-fixtures: an address of the test's own network
//! const PEER: &str = "192.0.2.1";                   // RFC 5737: belongs to nobody
//! ```
//!
//! ## Limits
//! The end of a file's name (`.conf`, `.cfg` and similar) decides what the file configures. An address that is only
//! parsed or compared is test data and shown with `--pedantic`. So is an address inside of a network namespace: a
//! `#[netns_test]`, a thread that has entered one, `ip netns exec`, `ip -n`, `nsenter --net`, `unshare -n`.
//! `allowed-addresses` of the configuration allows further addresses.
//!
//! ## References
//! RFC 1918, RFC 5737, RFC 3849, RFC 9637.

use super::address::{Found, Networks, addresses_in, is_of_callee, place_of_host, read};
use super::argv::{commands, script_of};
use crate::config::Config;
use crate::facts::{FileFacts, Sink, SinkKind};
use crate::finding::{Confidence, Severity};
use crate::rule::Hit;
use crate::shell::{is_confined, unwrapped};
use crate::span::Span;
use crate::tables;
use crate::value::Value;

const HELP: &str = "use loopback with port 0, an address set aside for documentation (192.0.2.0/24, 2001:db8::/32), or, with \
                    netns-fixtures, the address that the test's own network gives: `net.server.ipv4()`";

/// Finds the hazard in one file.
pub(crate) fn check(facts: &FileFacts, config: &Config, hits: &mut Vec<Hit>) {
    let networks = Networks::new(facts);
    let mut reported = Vec::new();
    for sink in &facts.sinks {
        let (found, value, confined) = match found_in(sink, config) {
            Some(found) if !found.0.is_allowed(&config.allowed_addresses) && !is_of_callee(sink, found.1) => found,
            _ => continue,
        };
        let what = match sink.kind {
            SinkKind::Listen | SinkKind::Bind | SinkKind::Datagram => "a socket is bound to it",
            SinkKind::Connect => "a connection or a packet goes to it",
            SinkKind::Configure => "a device or a route gets it",
            SinkKind::Written => "a configuration file contains it",
            _ => "a command line contains it",
        };
        let isolated = networks.is_own(sink);
        // Report the literal; if it is in another file, report the call that leads there.
        let place = place_of_host(value);
        let place = if place == Span::default() { sink.span } else { place };
        let mut hit =
            Hit::new(sink.function, place, format!("the address `{}` is fixed, and {what}", found.text), HELP)
                .pedantic(isolated || confined);
        if sink.kind == SinkKind::Written {
            hit = hit.confidence(Confidence::Medium);
        }
        if place != sink.span {
            hit = hit.label(sink.span, format!("here, by `{}`", sink.by));
        }
        reported.push(place);
        hits.push(hit);
    }
    if config.pedantic {
        data(facts, config, &reported, hits);
    }
}

/// Returns an address of a sink that nobody has reserved, the value that holds it, and whether the command uses it
/// inside a namespace.
fn found_in<'s>(sink: &'s Sink, config: &Config) -> Option<(Found, &'s Value, bool)> {
    let nobody = |found: &Found| found.is_claimed_by_nobody();
    match sink.kind {
        SinkKind::Listen | SinkKind::Bind | SinkKind::Datagram | SinkKind::Connect | SinkKind::Configure => {
            let value = sink.values.first()?;
            read(&value.shown()).filter(nobody).map(|found| (found, value, false))
        }
        SinkKind::Command | SinkKind::ShellString => {
            let in_command = |words: Vec<String>| {
                let (_, rest) = unwrapped(&words);
                let (program, operands) = rest.split_first()?;
                let program = tables::program_name(program);
                if tables::PRINTERS.contains(&program) || tables::GUESTS.contains(&program) {
                    return None;
                }
                let found = operands.iter().flat_map(|word| addresses_in(word)).find(nobody)?;
                Some((found, is_confined(&words)))
            };
            // A shell's own words include the whole script; skip them.
            let own = usize::from(sink.kind == SinkKind::Command && script_of(&sink.values, config).is_some());
            let all: Vec<(Found, bool)> = commands(sink, config).into_iter().skip(own).filter_map(in_command).collect();
            // Prefer a command that acts on this machine.
            let (found, confined) = all.iter().find(|(_, confined)| !confined).or(all.first())?.clone();
            let holds = |value: &&Value| addresses_in(&value.shown()).contains(&found);
            let value = sink.values.iter().find(holds)?;
            Some((found, value, confined))
        }
        SinkKind::Written => {
            let [path, content] = sink.values.as_slice() else { return None };
            let path = path.shown();
            let configures = tables::CONFIGURATION_FILES.iter().any(|ending| path.ends_with(ending));
            let found = addresses_in(&content.shown()).into_iter().find(nobody);
            found.filter(|_| configures).map(|found| (found, content, false))
        }
        _ => None,
    }
}

/// Reports addresses that are arguments of any call, as notes.
fn data(facts: &FileFacts, config: &Config, reported: &[Span], hits: &mut Vec<Hit>) {
    for call in &facts.calls {
        let is_reported =
            |argument: &Value| argument.host.iter().chain([&argument.span]).any(|place| reported.contains(place));
        for argument in call.arguments.iter().filter(|argument| !is_reported(argument)) {
            let Some(text) = argument.constant() else { continue };
            if read(&text)
                .is_some_and(|found| found.is_claimed_by_nobody() && !found.is_allowed(&config.allowed_addresses))
            {
                let message = format!("the address `{text}` is fixed; nothing shows that it reaches a network");
                hits.push(
                    Hit::new(call.function, argument.span, message, HELP)
                        .severity(Severity::Note)
                        .confidence(Confidence::Low)
                        .pedantic(true),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{clean, each_clean, each_found, found, found_pedantic};

    const FRAME: &str = "use std::net::*; use std::process::Command; const PEER: &str = \"10.9.8.7\"; fn f(n: u8, dev: &mut Dev) { {} }";
    const RULE: &str = "literal-address";

    #[test]
    fn bad() {
        each_found(
            RULE,
            FRAME,
            &[
                r#"UdpSocket::bind("192.168.51.1:0").unwrap();"#,
                r#"TcpListener::bind(("10.0.0.1", 80)).unwrap();"#,
                "TcpStream::connect(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 1, 2, 3)), 80)).unwrap();",
                "TcpStream::connect(SocketAddr::from(([192, 168, 0, 1], 443))).unwrap();",
                r#"let addr: SocketAddr = "172.16.0.1:53".parse().unwrap(); UdpSocket::bind("0.0.0.0:0").unwrap().send_to(b"x", addr).unwrap();"#,
                r#"TcpStream::connect(format!("172.172.0.{}:80", n)).unwrap();"#,
                r#"TcpStream::connect("10.0.0.1:80".to_socket_addrs().unwrap().next().unwrap()).unwrap();"#,
                r#"reqwest::get("http://10.0.0.1/health").await.unwrap();"#,
                r#"tokio_tungstenite::connect_async("ws://10.0.0.1:9001").await.unwrap();"#,
                r"TcpStream::connect((PEER, 80)).unwrap();",
                r#"Command::new("ip").args(["addr", "add", "10.0.0.1/24", "dev", "tap0"]).status().unwrap();"#,
                r#"Command::new("ip").arg("route").arg("add").arg("10.20.0.0/16").status().unwrap();"#,
                r#"Command::new("sh").args(["-c", "ip addr add 10.0.0.1/24 dev lo && true"]).status().unwrap();"#,
                r#"Command::new("ping").arg(format!("192.168.7.{n}")).status().unwrap();"#,
                r#"TcpListener::bind("[fd00::1]:80").unwrap();"#,
                "UdpSocket::bind((Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1), 53)).unwrap();",
                r#"let mut dev = tun::Configuration::default(); dev.address("192.168.51.1");"#,
                "let mut dev = tun::Configuration::default(); dev.destination((10, 0, 0, 2));",
                r#"fn dial(to: &str) { TcpStream::connect(to).unwrap(); } dial("10.0.0.5:80");"#,
                r#"Command::new("dnsmasq").arg("--listen-address=10.3.0.1").status().unwrap();"#,
                r#"std::fs::write(dir.join("dnsmasq.conf"), "listen-address=10.3.0.1\n").unwrap();"#,
                r#"let mut file = std::fs::File::create(format!("{dir}/frr.conf")).unwrap(); writeln!(file, "router-id 10.0.0.{n}").unwrap();"#,
                r#"let mut file = std::fs::File::create("bird.conf").unwrap(); file.write_all(b"router id 10.0.0.9;").unwrap();"#,
            ],
        );
    }

    #[test]
    fn good() {
        each_clean(
            RULE,
            FRAME,
            &[
                r#"UdpSocket::bind("127.0.0.1:0").unwrap();"#,
                r#"TcpListener::bind("[::1]:0").unwrap();"#,
                "TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();",
                r#"UdpSocket::bind("0.0.0.0:0").unwrap();"#,
                r#"TcpStream::connect("192.0.2.1:80").unwrap();"#,
                r#"TcpStream::connect("[2001:db8::1]:80").unwrap();"#,
                r#"Command::new("ip").args(["route", "add", "0.0.0.0/0", "dev", "lo"]).status().unwrap();"#,
                r#"assert_eq!("10.0.0.1".parse::<Ipv4Addr>().unwrap(), Ipv4Addr::new(10, 0, 0, 1));"#,
                r#"let cases = [("192.168.1.1/24", 24), ("8.8.8.8/32", 32)]; parse(cases);"#,
                r#"ObjectIdentifier::new("1.2.840.10045.2.1").unwrap();"#,
                r#"Command::new("tool").args(["--version", "1.2.3"]).status().unwrap();"#,
                r#"dev.netmask("255.255.255.0");"#,
                r#"Command::new("docker").args(["run", "--ip", "10.0.0.5", "image"]).status().unwrap();"#,
                r#"TcpStream::connect(("localhost", 80)).unwrap();"#,
                r#"std::fs::write(dir.join("capture.txt"), "10.3.0.1 is data\n").unwrap();"#,
                r#"std::fs::write(dir.join("dnsmasq.conf"), "listen-address=127.0.0.1\n").unwrap();"#,
                r#"writeln!(out, "10.0.0.1").unwrap();"#,
                r#"UdpSocket::bind("0.0.0.0:0").unwrap().send_to(b"x", "224.0.0.251:5353").unwrap();"#,
            ],
        );
        clean(RULE, "/// The address \"10.2.0.52\".\nfn f() {}");
    }

    #[test]
    fn data_and_isolated_tests_are_pedantic() {
        let data = r#"fn f() { check("10.0.0.1"); }"#;
        clean(RULE, data);
        assert_eq!(found_pedantic(RULE, data).len(), 1);
        let isolated = r#"#[netns_test] fn f() { std::net::UdpSocket::bind("10.0.0.1:0").unwrap(); }"#;
        clean(RULE, isolated);
        assert_eq!(found_pedantic(RULE, isolated).len(), 1);
    }

    #[test]
    fn the_place_is_where_the_literal_stands() {
        let code = "const A: &str =\n \"10.0.0.1:0\";\nfn f() {\n std::net::UdpSocket::bind(A);\n}";
        let findings = found(RULE, code);
        assert_eq!((findings[0].location.start.line, findings[0].labels[0].location.start.line), (2, 4));
    }
}
