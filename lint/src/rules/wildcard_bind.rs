//! # wildcard-bind
//!
//! Reports a listener on every address of the machine: `0.0.0.0`, `::`, `UNSPECIFIED`, also as an argument of a
//! server that the test starts.
//!
//! ## Why is this bad?
//! Every host in the machine's networks can talk to the test while it runs, and on many systems a firewall asks the
//! user. Test servers rarely check their peers.
//!
//! ## Bad
//! ```text
//! let listener = TcpListener::bind("0.0.0.0:0").await?;
//! ```
//!
//! ## Good
//! ```text
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! #[netns_test] async fn serves(net: Pair) { … }      // netns-fixtures: a network with nobody else in it
//! ```
//!
//! ## Fix
//! `127.0.0.1` for the `0.0.0.0` of a stream listener in the call itself, if the port is free and every use of the
//! listener is visible: a client that learns the port may be in another network namespace. `[::]` has no fix, because
//! it accepts IPv4 too and `[::1]` does not; nor has a datagram socket, which may send to others.
//!
//! ## Limits
//! A function of the product that binds every address counts where a test calls it, even if the test cannot choose.
//! So does an object whose constructor chooses every address, unless the test calls a method with arguments on it, which
//! may set another one. Pedantic: a socket that gets broadcasts or joins a group, which loopback does not reach, and a port
//! from the command line, which the person who starts the program chooses. A UDP socket on port 0 is taken as a client and not reported. On a command line every wildcard address counts, but
//! for programs that are known to take it as data (`ip`, `nft`, `ping`), and inside of a network namespace, where it is
//! shown with `--pedantic`.
//!
//! ## References
//! CWE-1327; ip(7), INADDR_ANY.

use super::address::{Networks, is_of_callee, place_of_host, read};
use super::argv::{commands, is_said_here};
use crate::config::Config;
use crate::facts::{Call, CallId, FileFacts, Place, Sink, SinkKind};
use crate::finding::Confidence;
use crate::rule::{Hit, Proposal};
use crate::shell::{is_confined, unwrapped};
use crate::span::Span;
use crate::tables;
use crate::value::{Origin, Value};

const HELP: &str = "bind loopback, `127.0.0.1:0` or `[::1]:0`; inside a `#[netns_test]` there is no other network";

const HELP_FOR_CALLEE: &str =
    "let its caller choose the address, and pass loopback; inside a `#[netns_test]` there is no other network";

/// Finds the hazard in one file.
pub(crate) fn check(facts: &FileFacts, config: &Config, hits: &mut Vec<Hit>) {
    let networks = Networks::new(facts);
    for sink in &facts.sinks {
        let datagram = match sink.kind {
            SinkKind::Listen => false,
            SinkKind::Bind => !is_stream(facts, sink),
            SinkKind::Datagram => true,
            _ => continue,
        };
        let Some(value) = sink.values.first() else { continue };
        let Some(found) = read(&value.shown()).filter(super::address::Found::is_wildcard) else { continue };
        let port_is_open = found.port == Some(0);
        if (datagram && port_is_open) || is_client(facts, sink) || networks.is_own(sink) || is_of_callee(sink, value) {
            continue;
        }
        let message = format!("`{}` listens on every address of this machine", found.text);
        let place = place_of_host(value);
        let hit = Hit::new(sink.function, place, message, HELP).behind(&sink.behind);
        let is_certain = sink.kind == SinkKind::Listen && port_is_open && every_use_is_seen(facts, sink);
        let hit = hit.fix(is_certain.then(|| loopback(facts, sink)).flatten());
        let hit = hit.pedantic(is_for_many(facts, sink) || is_chosen(value));
        hits.push(if place == sink.span { hit } else { hit.label(sink.span, format!("here, by `{}`", sink.by)) });
    }
    for (id, call) in facts.calls.iter().enumerate() {
        let wildcards = call.effects.as_ref().map(|effects| &effects.wildcards).filter(|all| !all.is_empty());
        let Some(wildcards) = wildcards.filter(|_| !networks.is_own_call(id)) else { continue };
        let behind: Vec<Place> = wildcards.iter().map(|(file, span)| Place { file: *file, span: *span }).collect();
        let message = format!("`{}` listens on every address of this machine, by its own choice", call.name);
        hits.push(Hit::new(call.function, call.span, message, HELP_FOR_CALLEE).behind(&behind));
    }
    for sink in &facts.sinks {
        let commands = commands(sink, config);
        let listening = |words: &Vec<String>| {
            let (program, word) = listens(unwrapped(words).1)?;
            Some((program.to_owned(), word, is_confined(words)))
        };
        let Some((program, word, confined)) = commands.iter().find_map(listening) else { continue };
        if !is_said_here(sink, &word) || networks.is_own(sink) {
            continue;
        }
        let place =
            sink.values.iter().find(|value| value.shown().contains(&word)).map_or(sink.span, |value| value.span);
        let message = format!("`{program}` is told to use every address of this machine, `{word}`");
        let hit = Hit::new(sink.function, place, message, HELP).confidence(Confidence::Medium).pedantic(confined);
        hits.push(if place == sink.span { hit } else { hit.label(sink.span, format!("here, by `{}`", sink.by)) });
    }
}

/// The spellings of the IPv4 wildcard address, with the loopback address to replace it.
const IPV4: &[(&str, &str)] = &[
    ("\"0.0.0.0:", "\"127.0.0.1:"),
    ("\"0.0.0.0\"", "\"127.0.0.1\""),
    ("Ipv4Addr::UNSPECIFIED", "Ipv4Addr::LOCALHOST"),
    ("Ipv4Addr::new(0, 0, 0, 0)", "Ipv4Addr::new(127, 0, 0, 1)"),
    ("[0, 0, 0, 0]", "[127, 0, 0, 1]"),
];

/// Proposes loopback, if the arguments of the call contain the address exactly once.
///
/// Two cases have no fix: a named address, which may have other uses; and `[::]`, which also accepts IPv4 while `[::1]`
/// does not.
fn loopback(facts: &FileFacts, sink: &Sink) -> Option<Proposal> {
    let call = &facts.calls[sink.call.filter(|_| sink.through.is_none())?];
    let arguments = Span::new(call.name_span.end, call.span.end);
    let text = facts.written(arguments);
    let mut written = IPV4.iter().flat_map(|(from, to)| text.match_indices(from).map(move |(at, _)| (at, *from, *to)));
    let (at, from, to) = written.next().filter(|_| !text.contains("//") && !text.contains("/*"))?;
    if written.next().is_some() {
        return None;
    }
    let at = arguments.start + u32::try_from(at).ok()?;
    let place = Span::new(at, at + u32::try_from(from.len()).ok()?);
    Some(Proposal::one("listen on loopback", place, to))
}

/// Whether every use of the listener is known and none of them publishes its port. A client that knows the port may be
/// in another network namespace, where loopback does not reach the listener.
fn every_use_is_seen(facts: &FileFacts, sink: &Sink) -> bool {
    let Some(bind) = sink.call.filter(|bind| tables::ends_with(&facts.calls[*bind].path, tables::TCP_LISTENER_MAKER))
    else {
        return false;
    };
    let root = facts.calls[bind].root;
    let of_listener = |value: &Value| value.call.is_some_and(|call| facts.calls[call].root == root);
    let mut uses = facts.calls.iter().filter(|call| call.receiver.as_ref().is_some_and(of_listener));
    !facts.escaped.contains(&root) && uses.all(|call| !tables::TELLING_THE_PORT.contains(&call.name.as_str()))
}

/// Whether the socket connects later and never listens; the kernel then chooses the local address.
fn is_client(facts: &FileFacts, sink: &Sink) -> bool {
    let Some(bind) = sink.call.filter(|_| sink.kind == SinkKind::Bind) else { return false };
    let socket = facts.calls[bind].receiver.as_ref().and_then(|receiver| receiver.call);
    let Some(socket) = socket.map(|call| facts.calls[call].root) else { return false };
    let calls = |name: &str| facts.object(socket).any(|(_, call)| call.name == name);
    calls("connect") && !calls("listen")
}

/// Whether the socket gets broadcasts or the datagrams of a group, which do not reach a socket on loopback.
fn is_for_many(facts: &FileFacts, sink: &Sink) -> bool {
    let gets = |call: &Call| tables::FOR_MANY.iter().any(|name| call.name.starts_with(name));
    let is_it = |value: &Value, bind: CallId| {
        value.call.is_some_and(|call| {
            let with = facts.with_alternatives(call);
            with.iter().any(|call| facts.calls[*call].root == facts.calls[bind].root)
        })
    };
    let is_off = |call: &Call| facts.written(call.span).ends_with("(false)");
    sink.call.is_some_and(|bind| {
        let socket = facts.calls[bind].receiver.as_ref().and_then(|receiver| receiver.call);
        let before = socket.into_iter().flat_map(|call| facts.object(facts.calls[call].root));
        let mut after =
            facts.calls_from(bind).filter(|(_, call)| call.receiver.as_ref().is_some_and(|value| is_it(value, bind)));
        after.by_ref().chain(before).any(|(_, call)| gets(call) && !is_off(call))
    })
}

/// Whether the port comes from the command line: the person who starts the program chooses it. A default does not count.
fn is_chosen(value: &Value) -> bool {
    read(&value.shown()).is_none_or(|address| address.port.is_none())
        && [Origin::Argument, Origin::Option].iter().any(|origin| value.source(*origin).is_some())
}

/// Whether a method called `bind` belongs to a server or a stream socket, judging by the receiver's constructor.
fn is_stream(facts: &FileFacts, sink: &Sink) -> bool {
    let receiver = sink.call.and_then(|call| facts.calls[call].receiver.as_ref());
    if receiver.is_some_and(|receiver| receiver.is_of(tables::STREAM_BINDERS)) {
        return true;
    }
    receiver.and_then(|receiver| facts.maker(receiver)).is_some_and(|maker| {
        let by_argument =
            |value: &Value| value.path.as_ref().is_some_and(|path| path.to_ascii_lowercase().ends_with("stream"));
        maker.arguments.iter().any(by_argument)
    })
}

/// Returns the program of a command line, and the operand that is a wildcard address to listen on.
fn listens(words: &[String]) -> Option<(&str, String)> {
    let (program, operands) = words.split_first()?;
    let program = tables::program_name(program);
    if tables::ADDRESSES_AS_DATA.contains(&program) || tables::GUESTS.contains(&program) {
        return None;
    }
    let wildcard = |word: &&String| {
        let value =
            word.strip_prefix('-').and_then(|option| option.split_once('=')).map_or(word.as_str(), |(_, value)| value);
        !value.contains('/') && read(value).is_some_and(|found| found.is_wildcard())
    };
    operands.iter().find(wildcard).map(|word| (program, word.clone()))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{clean, each_clean, each_fixed, each_found, each_without_fix};

    const FRAME: &str = "use std::net::*; use std::process::Command; const ANY: &str = \"0.0.0.0\"; fn f(port: u16, s: Socket, ns: &str, gw: &str) { {} }";
    const RULE: &str = "wildcard-bind";

    #[test]
    fn bad() {
        each_found(
            RULE,
            FRAME,
            &[
                r#"TcpListener::bind("0.0.0.0:0").unwrap();"#,
                r#"TcpListener::bind("[::]:0").unwrap();"#,
                r#"tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();"#,
                "TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();",
                "TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).unwrap();",
                "TcpListener::bind(SocketAddr::from(([0, 0, 0, 0], 8080))).unwrap();",
                "TcpListener::bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0)).unwrap();",
                "TcpListener::bind((ANY, 80)).unwrap();",
                r#"TcpListener::bind(format!("0.0.0.0:{port}")).unwrap();"#,
                r#"UdpSocket::bind("0.0.0.0:5353").unwrap();"#,
                r#"let a: SocketAddr = "0.0.0.0:80".parse().unwrap(); s.bind(&a.into()).unwrap();"#,
                r#"HttpServer::new(app).bind("0.0.0.0:8080").unwrap();"#,
                r"UdpSocket::bind((Ipv4Addr::new(0, 0, 0, 0), 53)).unwrap();",
                r#"Command::new("nc").args(["-l", "0.0.0.0", "80"]).spawn().unwrap();"#,
                r#"Command::new("server").args(["--listen", "0.0.0.0:8080"]).spawn().unwrap();"#,
                r#"Command::new("dnsmasq").arg("--listen-address=::").spawn().unwrap();"#,
            ],
        );
    }

    #[test]
    fn good() {
        each_clean(
            RULE,
            FRAME,
            &[
                r#"TcpListener::bind("127.0.0.1:0").unwrap();"#,
                r#"TcpListener::bind("[::1]:0").unwrap();"#,
                "TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();",
                r#"UdpSocket::bind("0.0.0.0:0").unwrap();"#,
                r#"UdpSocket::bind("[::]:0").unwrap();"#,
                "UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();",
                r#"TcpListener::bind("192.0.2.1:80").unwrap();"#,
                r#"TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();"#,
                r#"assert_eq!(ANY, "0.0.0.0");"#,
                r#"let a: SocketAddr = "0.0.0.0:0".parse().unwrap(); s.bind(&a.into()).unwrap();"#,
                "assert!(Ipv4Addr::UNSPECIFIED.is_unspecified());",
                r#"parse("0.0.0.0:80");"#,
                r#"Command::new("ip").args(["route", "add", "0.0.0.0/0", "via", gw]).status().unwrap();"#,
                r#"Command::new("ip").args(["route", "get", "0.0.0.0"]).status().unwrap();"#,
                r#"Command::new("nc").args(["-l", "127.0.0.1", "80"]).spawn().unwrap();"#,
                r#"Command::new("ip").args(["netns", "exec", ns, "nc", "-l", ANY, "80"]).spawn().unwrap();"#,
                r#"let s = tokio::net::TcpSocket::new_v4().unwrap(); s.bind("0.0.0.0:80".parse().unwrap()).unwrap(); s.connect(peer).unwrap();"#,
            ],
        );
        clean(RULE, r#"#[netns_test] fn f() { std::net::TcpListener::bind("0.0.0.0:0").unwrap(); }"#);
    }

    #[test]
    fn a_host_that_many_use_is_one_finding_where_it_is_written() {
        let code = r#"
            const HOST: &str = "0.0.0.0";
            #[test] fn one() { std::net::TcpListener::bind(format!("{HOST}:0")).unwrap(); }
            #[test] fn two() { std::net::TcpListener::bind((HOST, 0)).unwrap(); }
        "#;
        let findings = crate::rules::testing::found(RULE, code);
        let lines: Vec<u32> = findings.iter().map(|finding| finding.location.start.line).collect();
        assert_eq!(lines, [2]);
        let labels: Vec<u32> = findings[0].labels.iter().map(|label| label.location.start.line).collect();
        assert_eq!(labels, [3, 4]);
    }

    #[test]
    fn fixed() {
        each_fixed(
            RULE,
            FRAME,
            &[
                (r#"TcpListener::bind("0.0.0.0:0").unwrap();"#, r#"TcpListener::bind("127.0.0.1:0").unwrap();"#),
                ("TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0));", "TcpListener::bind((Ipv4Addr::LOCALHOST, 0));"),
                (
                    "TcpListener::bind(SocketAddr::from(([0, 0, 0, 0], 0)));",
                    "TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)));",
                ),
                (
                    r#"let l = TcpListener::bind("0.0.0.0:0").unwrap(); l.set_nonblocking(true); l.accept();"#,
                    r#"let l = TcpListener::bind("127.0.0.1:0").unwrap(); l.set_nonblocking(true); l.accept();"#,
                ),
                (r#"TcpListener::bind(("0.0.0.0", 0)).unwrap();"#, r#"TcpListener::bind(("127.0.0.1", 0)).unwrap();"#),
            ],
        );
        each_without_fix(
            RULE,
            FRAME,
            &[
                r#"TcpListener::bind("[::]:0").unwrap();"#,
                "TcpListener::bind((ANY, 0)).unwrap();",
                r#"UdpSocket::bind("0.0.0.0:5353").unwrap();"#,
                r#"let a = "0.0.0.0:0"; TcpListener::bind(a).unwrap();"#,
                r#"TcpListener::bind("0.0.0.0:80").unwrap();"#,
                r#"TcpListener::bind(format!("0.0.0.0:{port}")).unwrap();"#,
                r#"let l = TcpListener::bind("0.0.0.0:0").unwrap(); let p = l.local_addr().unwrap().port(); ns.run(|| TcpStream::connect((gw, p)));"#,
                r#"let l = TcpListener::bind("0.0.0.0:0").unwrap(); reach(ns, l.local_addr().unwrap().port());"#,
                r#"let l = TcpListener::bind("0.0.0.0:0").unwrap(); println!("{}", l.local_addr().unwrap());"#,
                r#"let l = TcpListener::bind("0.0.0.0:0").unwrap(); TcpStream::connect(l.local_addr().unwrap());"#,
                r#"let l = TcpListener::bind("0.0.0.0:0").unwrap(); serve(&l);"#,
                r#"let l = TcpListener::bind("0.0.0.0:0").unwrap(); std::thread::spawn(move || serve(l));"#,
                r#"let server = Server { l: TcpListener::bind("0.0.0.0:0").unwrap() };"#,
                r#"HttpServer::new(app).bind("0.0.0.0:0").unwrap();"#,
                r#"TcpListener::bind((ANY /* "0.0.0.0" */, 0)).unwrap();"#,
                r#"TcpListener::bind(if port > 0 { "0.0.0.0:0" } else { "0.0.0.0:0" }).unwrap();"#,
            ],
        );
    }
}
