//! # client-without-timeout
//!
//! Reports clients that connect, send a request or read a reply without a limit of time, where their library has none by
//! default: reqwest, ureq, hyper, tungstenite, redis, tokio-postgres, lapin, TLS handshakes and others. So do `async`
//! functions of other files of the run that connect and set no limit.
//!
//! ## Why is this bad?
//! A peer that accepts the connection and then stays silent blocks the test until the machine's own limit ends the run.
//! A host behind a firewall that drops packets blocks it for minutes.
//!
//! ## Bad
//! ```text
//! let reply = reqwest::get("https://example.com/").await?;
//! let client = redis::Client::open(env::var("REDIS_URL")?)?.get_connection()?;
//! ```
//!
//! ## Good
//! ```text
//! let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).build()?;
//! let reply = tokio::time::timeout(Duration::from_secs(5), client.get(url).send()).await??;
//! #[netns_test(deadline = "10s")] async fn …        // netns-fixtures: every test has a deadline
//! ```
//!
//! ## Limits
//! Pedantic unless the peer is a host of the Internet, comes from the environment, or is a program that the function starts
//! and whose local address is in sight: a server in the test's own process mostly answers or dies with it. A handshake on a connection to the Internet, and a read from one, need a limit of their own. A client
//! that a function gets from elsewhere may have a limit and is left alone. `connect_timeout` limits only a call that connects;
//! limits of sending and of idle connections limit no reply, and `timeout(None)` none at all.
//!
//! ## References
//! The documentation of `reqwest::ClientBuilder::timeout`: "Default is no timeout". CWE-400. seanmonstar/reqwest#181
//! asked for a default. The same rule for Python: bandit B113 (PyCQA/bandit#743), ruff S113.

use std::collections::HashSet;

use super::address::read;
use super::public_internet::contacts;
use crate::config::Config;
use crate::facts::{Call, CallId, FileFacts, Sink, SinkKind};
use crate::flow::{self, Flow};
use crate::network::public_host;
use crate::rule::{Hit, cut_short, too_deep};
use crate::tables;
use crate::value::{Origin, Value};

const HELP: &str =
    "set the client's own limit (`.timeout(…)`, `set_read_timeout`), or put `tokio::time::timeout` around the wait";

/// Finds the hazard in one file.
pub(crate) fn check(facts: &FileFacts, config: &Config, hits: &mut Vec<Hit>) {
    let mut flow = None;
    let mut hosts = None;
    let mut streams = None;
    let mut clients = HashSet::new();
    for (id, call) in facts.calls.iter().enumerate() {
        let function = &facts.functions[call.function];
        let by_itself = waits(facts, id, call);
        // Most files neither connect nor read: the streams are computed for the others.
        let may_wait = || by_itself.is_none() && waits_on_its_stream(call);
        let streams = may_wait().then(|| &*streams.get_or_insert_with(|| streams_of_world(facts, config)));
        let on_stream = streams.is_some_and(|streams| is_with(call, streams));
        let Some(what) = by_itself.or(on_stream.then_some("waits for its peer")).filter(|_| !function.isolated) else {
            continue;
        };
        if facts.is_limited_before(call.root, id) {
            continue;
        }
        let flow = flow.get_or_insert_with(|| Flow::new(facts));
        let is_bounded = flow.is_limited_in_time(id);
        if flow.is_cut_short() {
            hits.push(cut_short(call));
            return;
        }
        if flow.took_too_deep() {
            hits.push(too_deep(call));
            continue;
        }
        if is_bounded {
            continue;
        }
        let hosts = hosts.get_or_insert_with(|| contacts(facts, config));
        let is_of_world =
            on_stream || is_peer_elsewhere(facts, id, call) || hosts.iter().any(|host| host.span == call.span);
        // The limit of the client ends all its waits.
        let is_of_process =
            !is_of_world && is_of_process(facts, id, call) && clients.insert((call.function, call.root));
        let why = if call.effects.is_some() || on_stream { "" } else { ", and its library has none by default" };
        let message = format!("`{}` {what} without a limit of time{why}", call.name);
        let hit = Hit::new(call.function, call.span, message, HELP);
        let hit = hit.pedantic(!is_of_world && !is_of_process || function.ignored);
        let made = &facts.calls[call.root];
        let is_made_before = is_of_process && made.span.end <= call.name_span.start && call.root != id;
        hits.push(if is_made_before { hit.label(made.span, "the client is made here") } else { hit });
    }
}

/// Returns the subject of the wait, if the call's library sets no limit.
fn waits(facts: &FileFacts, id: CallId, call: &Call) -> Option<&'static str> {
    if let Some(effects) = &call.effects {
        // A function of this file has its own finding.
        let is_here = facts.functions.iter().any(|function| function.name == call.name);
        let waits = call.awaited && effects.connects && !effects.limits && !effects.retries && !is_here;
        return waits.then_some("waits for its peer");
    }
    if !call.path.is_empty() {
        return tables::waits_for_peer(&call.path).then_some("waits for its peer");
    }
    let root = &facts.calls[call.root];
    let receiver = call.receiver.as_ref()?;
    // The object must come from a constructor that is in sight: only then is it known to have no limit.
    if root.path.is_empty() {
        return None;
    }
    let of_type = receiver.ty.as_ref().and_then(|ty| ty.foreign_path());
    let by_type = of_type.is_some_and(|holder| tables::method_waits_for_peer(holder, &call.name));
    let by_maker = tables::REQUESTS.iter().any(|(maker, ends)| {
        root.path.starts_with(maker) && !root.path.contains("blocking") && ends.contains(&call.name.as_str())
    });
    let connects = |other: &Call| {
        let of_type = other.receiver.as_ref().and_then(|receiver| receiver.ty.as_ref()?.foreign_path());
        tables::waits_for_peer(&other.path) || of_type.is_some_and(|of| tables::method_waits_for_peer(of, &other.name))
    };
    let reads = tables::READING_FROM_PEER.contains(&call.name.as_str())
        && facts.object(call.root).take_while(|(other, _)| *other < id).any(|(_, other)| connects(other));
    match (by_type || by_maker, reads) {
        (true, _) => Some("waits for its peer"),
        (_, true) => Some("reads from its peer"),
        _ => None,
    }
}

/// Whether the call, as far as its name shows, waits for the peer of a stream that it gets.
fn waits_on_its_stream(call: &Call) -> bool {
    let opens = call.awaited && tables::OPENING.contains(&call.name.as_str());
    opens || tables::READING_FROM_PEER.contains(&call.name.as_str())
}

/// Returns the calls that connect to a host of the Internet or of the environment, and those that make something else of
/// the stream: a session, a buffer, a part.
fn streams_of_world(facts: &FileFacts, config: &Config) -> HashSet<CallId> {
    let hosts = contacts(facts, config);
    let mut streams = HashSet::new();
    for (id, call) in facts.calls.iter().enumerate() {
        let is_known = tables::waits_for_peer(&call.path) || tables::ends_with(&call.path, tables::TCP_STREAM_MAKER);
        let is_of_world = || is_peer_elsewhere(facts, id, call) || hosts.iter().any(|host| host.span == call.span);
        let is_limit = call.is_limit() && call.receiver.is_some();
        if is_limit {
            streams.retain(|stream: &CallId| facts.calls[*stream].root != call.root);
        } else if is_known && is_of_world() || is_with(call, &streams) {
            streams.insert(id);
        }
    }
    streams
}

/// Whether the call gets one of the streams.
fn is_with(call: &Call, streams: &HashSet<CallId>) -> bool {
    let is_stream = |value: &Value| value.call.is_some_and(|made| streams.contains(&made));
    call.receiver.iter().chain(&call.arguments).any(is_stream)
}

/// Whether an address that the object was made with is one of the Internet, or comes from the environment.
fn is_peer_elsewhere(facts: &FileFacts, id: CallId, call: &Call) -> bool {
    // The name of a program that talks to the peer may look like a host, too.
    let is_of_world = |text: &str| text.contains(':') && public_host(text).is_some();
    // Only the port of `("127.0.0.1", port)` comes from the environment.
    let elsewhere =
        |value: &Value| value.source(Origin::Environment).is_some() && !is_local(value) || is_of_world(&value.shown());
    let is_server = |value: &Value| {
        tables::CONNECTING.contains(&call.name.as_str())
            && value.constant().is_some_and(|host| public_host(&host).is_some())
    };
    arguments_of_object(facts, id, call).any(elsewhere) || call.arguments.iter().any(is_server)
}

/// Returns the arguments of the calls that made the object so far, and of the call itself.
fn arguments_of_object<'f>(facts: &'f FileFacts, id: CallId, call: &'f Call) -> impl Iterator<Item = &'f Value> {
    let of_object = facts.object(call.root).take_while(move |(other, _)| *other <= id).map(|(_, other)| other);
    of_object.chain([call]).flat_map(|other| &other.arguments)
}

fn is_local(value: &Value) -> bool {
    let host = value.items.as_ref().and_then(|items| items.first()).map_or_else(|| value.shown(), Value::shown);
    read(&format!("{host}:0")).or_else(|| read(&host)).is_some_and(|found| found.is_local())
}

/// Whether the peer is a program on this machine: the function starts one, and neither it nor a function that it calls
/// serves the address.
fn is_of_process(facts: &FileFacts, id: CallId, call: &Call) -> bool {
    let here = || facts.calls.iter().enumerate().filter(|(_, other)| other.function == call.function);
    let starts = |(other, started): (CallId, &Call)| {
        let by_function = started.effects.as_ref().is_some_and(|effects| effects.programs);
        by_function || flow::starts_program(facts, other)
    };
    let serves = |(_, other): (CallId, &Call)| {
        flow::binds(other)
            || tables::is_mock(&other.path)
            || other.effects.as_ref().is_some_and(|effects| effects.listens)
    };
    let listens = |sink: &Sink| {
        let binds = matches!(sink.kind, SinkKind::Listen | SinkKind::Bind);
        sink.function == call.function && binds
    };
    arguments_of_object(facts, id, call).any(is_local)
        && here().any(starts)
        && !here().any(serves)
        && !facts.sinks.iter().any(listens)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{clean, each_clean, each_found, found, found_pedantic};

    const FRAME: &str = "use std::{env, time::Duration}; async fn f(client: reqwest::Client, limit: Duration) { {} }";
    const RULE: &str = "client-without-timeout";

    #[test]
    fn bad() {
        each_found(
            RULE,
            FRAME,
            &[
                r#"reqwest::get("https://example.com/").await.unwrap();"#,
                r#"reqwest::get(env::var("URL").unwrap()).await.unwrap();"#,
                r#"reqwest::Client::new().get("https://example.com/").send().await.unwrap();"#,
                r#"let c = reqwest::Client::builder().build().unwrap(); c.get("https://example.com/").send().await.unwrap();"#,
                r#"ureq::get("https://example.com/").call().unwrap();"#,
                r#"tokio_tungstenite::connect_async("wss://example.com/").await.unwrap();"#,
                r#"redis::Client::open(env::var("REDIS_URL").unwrap()).unwrap().get_connection().unwrap();"#,
                r#"tokio_postgres::connect(&env::var("DATABASE").unwrap(), NoTls).await.unwrap();"#,
                r#"tokio::net::TcpStream::connect("example.com:80").await.unwrap();"#,
                r#"let s = tokio::time::timeout(limit, std::net::TcpStream::connect("example.com:80")).await.unwrap(); tls::Connector::new().connect("example.com", s).await.unwrap();"#,
                r#"let mut s = std::net::TcpStream::connect("example.com:80").unwrap(); s.read_to_end(&mut all).unwrap();"#,
                r#"reqwest::Client::builder().pool_idle_timeout(None).build().unwrap().get("https://example.com/").send().await.unwrap();"#,
                r#"reqwest::Client::builder().connect_timeout(limit).build().unwrap().get("https://example.com/").send().await.unwrap();"#,
                r#"ureq::AgentBuilder::new().timeout_connect(limit).build().get("https://example.com/").call().unwrap();"#,
                r#"let none = None; ureq::AgentBuilder::new().timeout(none).build().get("https://example.com/").call().unwrap();"#,
                r#"ureq::AgentBuilder::new().timeout(limit).timeout(None).build().get("https://example.com/").call().unwrap();"#,
                r#"use lapin::Connection; Connection::connect(&env::var("AMQP").unwrap(), options).await.unwrap();"#,
            ],
        );
    }

    #[test]
    fn good() {
        each_clean(
            RULE,
            FRAME,
            &[
                r#"let c = reqwest::Client::builder().timeout(limit).build().unwrap(); c.get("https://example.com/").send().await.unwrap();"#,
                r#"reqwest::Client::new().get("https://example.com/").timeout(limit).send().await.unwrap();"#,
                r#"tokio::time::timeout(limit, reqwest::get("https://example.com/")).await.unwrap();"#,
                r#"tokio::select! { _ = reqwest::get("https://example.com/") => {}, _ = tokio::time::sleep(limit) => {} }"#,
                r#"client.get("https://example.com/").send().await.unwrap();"#,
                r#"reqwest::Client::builder().connect_timeout(limit).read_timeout(limit).build().unwrap().get("https://example.com/").send().await.unwrap();"#,
                r#"reqwest::Client::builder().timeout(None).timeout(limit).build().unwrap().get("https://example.com/").send().await.unwrap();"#,
                r#"tonic::transport::Endpoint::from_static("http://example.com").connect_timeout(limit).connect().await.unwrap();"#,
                r#"reqwest::get(format!("http://{}/", server.address())).await.unwrap();"#,
                r#"reqwest::blocking::get("https://example.com/").unwrap();"#,
                r"std::net::TcpStream::connect_timeout(&address, limit).unwrap();",
                r#"channel.send("https://example.com/").await.unwrap();"#,
                r#"let mut s = std::net::TcpStream::connect("example.com:80").unwrap(); s.set_read_timeout(Some(limit)).unwrap(); s.read_to_end(&mut all).unwrap();"#,
                r"let mut s = std::net::TcpStream::connect(server.address()).unwrap(); s.read_to_end(&mut all).unwrap();",
                r#"reqwest::Client::new().get(server.url()).header("user-agent", "tool.example.org").send().await.unwrap();"#,
                r#"sqlx::PgPool::connect(&env::var("DATABASE").unwrap()).await.unwrap();"#,
            ],
        );
        clean(RULE, r#"#[netns_test] async fn f() { reqwest::get("https://example.com/").await.unwrap(); }"#);
    }

    #[test]
    fn a_program_that_the_test_starts_is_another_process() {
        let start =
            "use std::process::{Child, Command}; fn start() -> Child { Command::new(\"server\").spawn().unwrap() }";
        let test = |before: &str| {
            format!(
                "{start} #[tokio::test] async fn f() {{ {before} let client = reqwest::Client::new(); \
                 client.get(\"http://127.0.0.1:9/a\").send().await.unwrap(); client.get(\"http://127.0.0.1:9/b\").send().await.unwrap(); }}"
            )
        };
        let by_helper = found(RULE, &test("let child = start();"));
        assert_eq!(by_helper.len(), 1, "one for each client");
        for silent in ["", "let s = std::net::TcpListener::bind(\"127.0.0.1:9\").unwrap(); let child = start();"] {
            clean(RULE, &test(silent));
        }
    }

    #[test]
    fn a_server_of_the_test_is_pedantic() {
        let code = "async fn f(url: String) { reqwest::get(url).await.unwrap(); }";
        clean(RULE, code);
        assert_eq!(found_pedantic(RULE, code).len(), 1);
    }
}
