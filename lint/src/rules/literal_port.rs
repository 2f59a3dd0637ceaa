//! # literal-port
//!
//! Reports a fixed port that is bound or connected to outside of a test with its own network.
//!
//! ## Why is this bad?
//! Two tests, two runs or a service of the machine use the same port; one of them fails, or talks to the other.
//!
//! ## Bad
//! ```text
//! let listener = TcpListener::bind("127.0.0.1:20000")?;
//! ```
//!
//! ## Good
//! ```text
//! let listener = TcpListener::bind("127.0.0.1:0")?;
//! let port = listener.local_addr()?.port();
//! #[netns_test] fn answers(…) { TcpListener::bind("127.0.0.1:20000")?; }   // netns-fixtures: nobody else is there
//! ```
//!
//! ## Limits
//! Ports on command lines are not seen. A port that a static counts is fixed if it is bound, unless a loop or a helper
//! reads the error and tries the next one, or the file stores another number. A function that binds any free port if the
//! fixed one is taken is left alone, and a
//! connection to the port that the same function has bound before, or a second bind of it, is not reported again, nor is a
//! socket that shares its port (`SO_REUSEPORT`). The default of an environment variable is the address of each run that does not
//! set it, and counts. Pedantic: a port of this machine that a function gets which is not known to use it.
//! An address that an object keeps counts if a function of the run that uses the object connects or listens, also where a
//! helper returns the object to a caller in the file; for objects of
//! other crates, the names of the functions and of the client's type decide.
//!
//! ## References
//! ip(7): port 0 lets the kernel choose.

use std::collections::HashSet;

use super::address::{Found, Host, Networks, given_values, read};
use crate::config::Config;
use crate::facts::{Call, FileFacts, Sink, SinkKind, Undone};
use crate::finding::{Confidence, Severity};
use crate::flow;
use crate::rule::Hit;
use crate::span::Span;
use crate::tables;
use crate::value::Value;

const HELP: &str = "bind port 0 and ask for `local_addr()`; inside a `#[netns_test]` every port is free";

/// Finds the hazard in one file.
pub(crate) fn check(facts: &FileFacts, config: &Config, hits: &mut Vec<Hit>) {
    let networks = Networks::new(facts);
    let mut reported = Vec::new();
    let mut bound: HashSet<(usize, u16)> = HashSet::new();
    let mut addresses: HashSet<(usize, String)> = HashSet::new();
    let sharing = sharing(facts);
    for sink in &facts.sinks {
        let what = match sink.kind {
            SinkKind::Listen | SinkKind::Bind | SinkKind::Datagram => "bound",
            SinkKind::Connect => "connected to",
            _ => continue,
        };
        let Some(value) = sink.values.first().filter(|_| sink.undone != Some(Undone::Tried)) else { continue };
        // A static may have another value by now.
        if value.is_changing() || value.is_counted() && (what == "connected to" || is_one_of_many(facts, sink)) {
            continue;
        }
        let Some(found) = read(&value.shown()) else { continue };
        // Many methods called `connect` take texts with a colon.
        if found.host == Host::Name && !sink.by.contains("::") && !found.is_local() {
            continue;
        }
        let port = found.port.filter(|port| *port != 0);
        // A port on another machine cannot collide with this one's.
        let elsewhere = sink.kind == SinkKind::Connect && !found.is_local();
        let is_connection = sink.kind == SinkKind::Connect;
        let is_own = |port: &u16| is_connection && bound.contains(&(sink.function, *port));
        let is_again = !is_connection && port.is_some() && !addresses.insert((sink.function, value.shown()));
        let is_shared = !is_connection && sharing.contains(&(sink.function, sink.kind == SinkKind::Datagram));
        if port.as_ref().is_some_and(is_own) || is_again || is_shared {
            reported.extend([sink.span, value.span]);
            continue;
        }
        if let Some(port) = port.filter(|_| !elsewhere && !networks.is_own(sink)) {
            if sink.kind != SinkKind::Connect {
                bound.insert((sink.function, port));
            }
            reported.extend([sink.span, value.span]);
            let end = |name: &str| value.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value);
            let ends: Vec<(&Value, f64)> =
                ["start", "end"].iter().filter_map(|name| Some((end(name)?, end(name)?.exact()?))).collect();
            if let [(first, from), (last, to)] = ends[..] {
                let message =
                    format!("a port of the fixed range {from} to {to} is {what}; another test or service may have it");
                for end in [first, last].iter().filter(|end| end.span != Span::default()) {
                    hits.push(
                        Hit::new(sink.function, end.span, message.clone(), HELP)
                            .label(sink.span, format!("here, by `{}`", sink.by)),
                    );
                }
                continue;
            }
            let message = if value.is_counted() {
                format!("the port is counted from the fixed {port} and bound; a second run counts the same ports")
            } else {
                format!("the fixed port {port} is {what}; another test or service may have it")
            };
            let of_port =
                |(place, text): (Span, &str)| read(text).filter(|read| read.port == Some(port)).map(|_| place);
            let place = value.written_port().or(value.written().and_then(of_port)).unwrap_or(value.span);
            let hit = Hit::new(sink.function, place, message, HELP);
            hits.push(if place == sink.span { hit } else { hit.label(sink.span, format!("here, by `{}`", sink.by)) });
        }
    }
    if config.pedantic {
        data(facts, &reported, hits);
    }
}

/// Whether a loop binds one port of the counter after the other until one is free: it goes on after an error.
fn is_one_of_many(facts: &FileFacts, sink: &Sink) -> bool {
    let is_it = |(id, call): (usize, &Call)| sink.call.map_or(call.span == sink.span, |of| of == id);
    let searches = |id: usize| facts.enclosed_by(id, |name| tables::SEARCHING.contains(&name));
    let is_repeated =
        |(id, call): (usize, &Call)| is_it((id, call)) && (call.surroundings.is_repeated() || searches(id));
    facts.calls.iter().enumerate().any(is_repeated) && flow::outlives_failure(facts, sink)
}

/// Returns the functions that let others bind the port of their socket, too, and whether that is so for datagrams.
fn sharing(facts: &FileFacts) -> HashSet<(usize, bool)> {
    let mut found = HashSet::new();
    for call in &facts.calls {
        if tables::SHARING_PORTS.contains(&call.name.as_str()) {
            found.extend([(call.function, true), (call.function, false)]);
        } else if call.name == "set_reuse_address" {
            found.insert((call.function, true));
        }
    }
    found
}

/// Reports fixed ports of this machine that a call gets which is not known to bind or contact them, as notes.
fn data(facts: &FileFacts, reported: &[Span], hits: &mut Vec<Hit>) {
    for (call, value) in given_values(facts) {
        let is_open = !facts.functions[call.function].isolated && !value.is_changing() && !value.is_counted();
        if !is_open || reported.contains(&value.span) || reported.contains(&call.span) {
            continue;
        }
        let local =
            |reading: &Value| read(&reading.constant()?).filter(Found::is_local)?.port.filter(|port| *port != 0);
        let Some(port) = value.readings().find_map(local) else { continue };
        let message =
            format!("the port {port} is fixed; nothing shows that `{}` binds it or connects to it", call.name);
        let hit = Hit::new(call.function, value.span, message, HELP).severity(Severity::Note);
        hits.push(hit.confidence(Confidence::Low).pedantic(true));
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{clean, each_clean, each_found};

    const FRAME: &str = "use std::net::*; const PORT: u16 = 4000; fn f(port: u16, p: Pool) { {} }";
    const RULE: &str = "literal-port";

    #[test]
    fn bad() {
        each_found(
            RULE,
            FRAME,
            &[
                r#"TcpListener::bind("localhost:20000").unwrap();"#,
                r#"TcpListener::bind("127.0.0.1:8080").unwrap();"#,
                r#"TcpListener::bind(("127.0.0.1", 8080)).unwrap();"#,
                r#"TcpListener::bind(("127.0.0.1", PORT)).unwrap();"#,
                "TcpListener::bind((Ipv4Addr::LOCALHOST, PORT)).unwrap();",
                "UdpSocket::bind(SocketAddr::from(([127, 0, 0, 1], 5353))).unwrap();",
                r#"UdpSocket::bind("[::1]:5353").unwrap();"#,
                r#"TcpStream::connect("127.0.0.1:8080").unwrap();"#,
                r#"let a: SocketAddr = "127.0.0.1:9".parse().unwrap(); TcpStream::connect(a).unwrap();"#,
                "let a = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8081); TcpListener::bind(a).unwrap();",
                r#"let host = "localhost"; TcpListener::bind(format!("{host}:7000")).unwrap();"#,
                r#"tokio::net::TcpListener::bind("0.0.0.0:3000");"#,
            ],
        );
    }

    #[test]
    fn an_object_that_keeps_the_address_is_followed() {
        each_found(
            RULE,
            "fn f() { {} }",
            &[
                r#"let client = influx::Client::new("http://127.0.0.1:2086", "db"); client.query().await;"#,
                r#"coap::UdpClient::connect("127.0.0.1:5683").unwrap();"#,
                r#"coap::Server::bind(coap::Transport::new("127.0.0.1:5683")).unwrap();"#,
            ],
        );
        each_found(
            RULE,
            "struct Client(String); impl Client { fn new(host: &str, port: u16) -> Self { Self(join(host, port)) } \
             fn ask(&self) { std::net::TcpStream::connect(&self.0).unwrap(); } } fn f() { {} }",
            &[r#"Client::new("localhost", 7000).ask();"#, r#"let c = Client::new("localhost:7000", 0); c.ask();"#],
        );
    }

    #[test]
    fn a_constant_that_many_use_is_one_finding_where_it_is_written() {
        let code = r#"
            const SERVER: &str = "http://localhost:3000";
            fn page(path: &str) -> String { format!("{SERVER}{path}") }
            #[tokio::test] async fn one() { client().get(page("/a")).send().await; }
            #[tokio::test] async fn two() { client().get(page("/b")).send().await; }
            #[tokio::test] async fn three() { client().get(format!("{SERVER}/c")).send().await; }
            fn client() -> reqwest::Client { reqwest::Client::new() }
        "#;
        let findings = crate::rules::testing::found(RULE, code);
        let lines: Vec<u32> = findings.iter().map(|finding| finding.location.start.line).collect();
        assert_eq!(lines, [2]);
        assert_eq!(findings[0].labels.len(), 3);
    }

    #[test]
    fn a_port_that_helpers_get_is_one_finding_where_it_is_written() {
        let code = r#"
            const LIST: [u16; 2] = [0, 9200];
            fn start(port: u16) { std::net::TcpListener::bind(("127.0.0.1", port)).unwrap(); }
            fn of_helper() -> u16 {
                9300
            }
            #[test] fn starts() {
                let front = 9000;
                let ports = Ports { back: 9100 };
                start(front);
                start(ports.back);
                start(front);
                start(LIST[1]);
                start(of_helper());
                start(9400);
            }
        "#;
        let findings = crate::rules::testing::found(RULE, code);
        let lines: Vec<u32> = findings.iter().map(|finding| finding.location.start.line).collect();
        assert_eq!(lines, [2, 5, 8, 9, 15]);
        let labels: Vec<u32> = findings[2].labels.iter().map(|label| label.location.start.line).collect();
        assert_eq!(labels, [10]);
    }

    #[test]
    fn a_counter_is_fixed_unless_an_error_leads_to_the_next_port() {
        let frame = "use std::net::*; use std::io; use std::sync::atomic::{AtomicU16, Ordering::*}; \
                     static NEXT: AtomicU16 = AtomicU16::new(13_000); {}";
        let find = |helper: &str| format!("fn next() -> u16 {{ NEXT.fetch_add(1, Relaxed) }} {helper}");
        let listen = |result: &str, end: &str| {
            let bind = r#"TcpListener::bind(("127.0.0.1", p))"#;
            format!("fn listen(p: u16) -> {result} {{ {bind}{end} }}")
        };
        let (listener, result) = ("TcpListener", "io::Result<TcpListener>");
        let bad = [
            r#"fn start() -> u16 { let p = next(); TcpListener::bind(("127.0.0.1", p)).unwrap(); p }"#.to_owned(),
            r#"fn start() -> io::Result<u16> { let p = next(); TcpListener::bind(("127.0.0.1", p))?; Ok(p) }"#
                .to_owned(),
            r#"fn f() { for _ in 0..3 { TcpListener::bind(("127.0.0.1", next())).unwrap(); } }"#.to_owned(),
            format!("{} fn f() {{ for _ in 0..3 {{ listen(next()); }} }}", listen(listener, ".unwrap()")),
            format!("{} fn f() {{ for _ in 0..3 {{ listen(next()).unwrap(); }} }}", listen(result, "")),
        ];
        let bad: Vec<String> = bad.iter().map(|code| find(code)).collect();
        each_found(RULE, frame, &bad.iter().map(String::as_str).collect::<Vec<_>>());
        let good = [
            r#"fn start() -> u16 { loop { let p = next(); if TcpListener::bind(("127.0.0.1", p)).is_ok() { return p; } } }"#
                .to_owned(),
            r#"fn f() -> TcpListener { loop { match TcpListener::bind(("127.0.0.1", next())) { Ok(l) => return l, Err(_) => continue } } }"#
                .to_owned(),
            format!("{} fn f() {{ for _ in 0..3 {{ if let Ok(l) = listen(next()) {{ run(l); }} }} }}", listen(result, "")),
            format!("{} fn f() {{ while !listen(next()) {{}} }}", listen("bool", ".is_ok()")),
            r#"fn f() { (0..9).find_map(|_| TcpListener::bind(("127.0.0.1", next())).ok()).unwrap(); }"#.to_owned(),
        ];
        let good: Vec<String> = good.iter().map(|code| find(code)).collect();
        each_clean(RULE, frame, &good.iter().map(String::as_str).collect::<Vec<_>>());
    }

    #[test]
    fn a_counter_with_a_stored_number_is_unknown() {
        let frame = r#"use std::sync::atomic::{AtomicU16, Ordering::*}; static NEXT: AtomicU16 = AtomicU16::new(13_000);
                       fn f(x: u16) { {} std::net::TcpListener::bind(("127.0.0.1", NEXT.fetch_add(1, Relaxed) + 1)).unwrap(); }"#;
        each_found(RULE, frame, &["NEXT.load(Relaxed);", "OTHER.store(x, Relaxed);"]);
        each_clean(
            RULE,
            frame,
            &[
                "NEXT.store(x, Relaxed);",
                "assert_eq!(NEXT.swap(x, Relaxed), 0);",
                "NEXT.compare_exchange(13_000, x, Relaxed, Relaxed).unwrap();",
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
                r#"TcpListener::bind(("127.0.0.1", 0)).unwrap();"#,
                r#"TcpListener::bind(("127.0.0.1", port)).unwrap();"#,
                r#"TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();"#,
                "UdpSocket::bind((Ipv4Addr::LOCALHOST, p.lease())).unwrap();",
                r#"let l = TcpListener::bind("127.0.0.1:0").unwrap(); TcpStream::connect(l.local_addr().unwrap()).unwrap();"#,
                r#"assert_eq!("localhost:80".len(), 12);"#,
                r#"parse("127.0.0.1:80");"#,
                r#"UnixListener::bind("/run/x.sock").unwrap();"#,
                r#"bus.connect("signal:9");"#,
                r#"let url = "http://localhost:80/";"#,
                r#"let client = salvo::test::TestClient::new("http://127.0.0.1:5801"); client.send().await;"#,
                r#"sql::PgPool::connect_lazy("postgres://localhost:5432/db").unwrap();"#,
                r#"let client = web::Client::build("http://127.0.0.1:0"); client.retry("localhost", 3).await;"#,
            ],
        );
        clean(
            RULE,
            r#"struct Client; impl Client { fn new(_: &str) -> Self { Self } fn ask(&self) {} } fn f() { Client::new("localhost:80").ask(); }"#,
        );
        clean(
            RULE,
            r#"fn spawn_app(base: &str) -> App { let l = std::net::TcpListener::bind("127.0.0.1:0").unwrap(); App::on(l, base) } #[test] fn f() { spawn_app("http://localhost:3000"); }"#,
        );
        clean(RULE, r#"#[netns_test] fn f() { std::net::TcpListener::bind("127.0.0.1:80").unwrap(); }"#);
    }
}
