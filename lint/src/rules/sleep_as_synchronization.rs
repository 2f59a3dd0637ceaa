//! # sleep-as-synchronization
//!
//! Reports a fixed sleep between the start of something and the connection to it.
//!
//! ## Why is this bad?
//! The time is too short on a busy machine, where the test then fails, and too long on every other. Wait for the event
//! itself: a port that listens, a line of output, a file, a message.
//!
//! ## Bad
//! ```text
//! let server = Command::new("server").spawn()?;
//! std::thread::sleep(Duration::from_millis(500));
//! let client = TcpStream::connect(address)?;
//! ```
//!
//! ## Good
//! ```text
//! let listener = TcpListener::bind("127.0.0.1:0")?;       // before the server's thread starts
//! server.ready_when(Ready::tcp_port(port)).spawn()?;      // netns-fixtures: until it listens
//! wait_until(deadline, || TcpStream::connect(address))?;
//! ```
//!
//! ## Limits
//! A function that starts a process, sleeps and returns it counts too, and so does one that starts a server, sleeps and
//! ends: its callers connect. Functions of the run that
//! start threads or tasks, or that connect, count like the calls themselves. A sleep in a loop is a poll and is not
//! reported; where the function, or the one that it calls, binds the socket before it starts anything, a sleep is pedantic, because connections
//! wait in the queue. A sleep is not reported after a connection or a request to the started process, which has then answered. A sleep
//! before an assertion counts if the assertion asks an object of the program under test, whose constructor started a
//! thread or a task: on a busy machine that may be later. An object that only sent something before the sleep need not be
//! ready. So does one between the start of a program and a look at a file. Other sleeps before an assertion are pedantic.
//! An awaited call that gets the address or path of the started thread or task counts as a connection. A helper that only sleeps
//! counts like the sleep. A test whose clock is paused does not wait.
//!
//! ## References
//! Luo et al., "An Empirical Analysis of Flaky Tests", FSE 2014: the first cause is waiting for a time. Sleeps that
//! made tests flaky: 0xMiden/node#166, apache/lucene#14116, kubernetes-client/java#2608.

use std::collections::HashSet;
use std::net::SocketAddr;

use crate::config::Config;
use crate::facts::{Call, CallId, FileFacts, Sink, SinkKind};
use crate::flow;
use crate::rule::Hit;
use crate::span::Span;
use crate::tables;
use crate::value::Value;

const HELP: &str = "wait for the condition with a limit: until the port accepts, until the server prints or sends that it \
                    listens; netns-fixtures: `ready_when`, `wait_until`";

/// Finds the hazard in one file.
pub(crate) fn check(facts: &FileFacts, _config: &Config, hits: &mut Vec<Hit>) {
    for (id, call) in facts.calls.iter().enumerate() {
        let by_helper = call.effects.as_ref().is_some_and(|effects| effects.pauses);
        let sleeps = by_helper || tables::SLEEPING.iter().any(|known| tables::ends_with(&call.path, known));
        let is_fixed = (by_helper || !call.arguments.is_empty())
            && call.arguments.iter().all(|time| time.sources.is_empty() && time.parameters.is_empty());
        if !sleeps
            || !is_fixed
            || call.surroundings.is_repeated()
            || call.surroundings.closure
            || is_paused(facts, call)
        {
            continue;
        }
        let here = |other: &Call| other.function == call.function && !other.surroundings.closure;
        let before = facts.calls[..id].iter().enumerate().rev().filter(|(_, other)| here(other));
        let Some(start) = before.into_iter().find(|(started, other)| starts(facts, *started, other)) else { continue };
        let after = || facts.calls.iter().enumerate().skip(id + 1).filter(|(_, other)| here(other));
        // A function that connects counts where it is called.
        let connects = |id: CallId, other: &Call| {
            let is_it = |sink: &&Sink| sink.call == Some(id) || sink.through.is_some() && sink.span == other.span;
            let by_function = other.effects.as_ref().is_some_and(|effects| effects.connects);
            by_function || facts.sinks.iter().filter(is_it).any(|sink| sink.kind == SinkKind::Connect)
        };
        // A process that has answered is ready, so the sleep has another purpose: an entry that expires, a limit of
        // requests.
        let is_asked = |(asked, other): (CallId, &Call)| {
            let is_part = facts.enclosed_by(asked, tables::starts_concurrent);
            here(other)
                && !is_part
                && other.span.start > start.1.span.end
                && !works_on(facts, start.0, other)
                && (connects(asked, other) || requests(facts, other))
        };
        if (start.0 + 1..id).any(|asked| is_asked((asked, &facts.calls[asked]))) {
            continue;
        }
        let message = "a fixed time stands for waiting until what was started is ready";
        let hit = Hit::new(call.function, call.span, message, HELP).label(start.1.span, "started here");
        let addresses = addresses_in(facts, start.1);
        // To look at a path, print or remove it is not to connect to it: a connection is awaited.
        let names_address = |other: &Call| {
            let mut texts = other.arguments.iter().filter_map(Value::constant);
            other.awaited && !is_plain(other) && texts.any(|text| addresses.contains(&text))
        };
        let contacts = |id: CallId, other: &Call| {
            connects(id, other) || requests(facts, other) || opens(facts, id, other) || names_address(other)
        };
        let next = after().find(|(id, other)| contacts(*id, other) || asserts(other));
        if let Some((at, next)) = next {
            let is_of_program = || facts.command_behind(start.0).is_some() && looks_at_files(facts, id, at);
            let is_pedantic = if asserts(next) {
                !asks_program(facts, id, at) && !is_of_program()
            } else {
                binds_first(start.1) || is_bound_before(facts, start.0)
            };
            hits.push(hit.pedantic(is_pedantic).label(next.span, "needed here"));
        } else if hands_on(facts, start.0) || is_helper_that_serves(facts, id, start.0) {
            hits.push(hit);
        }
    }
}

/// Whether the call is a method of the started object itself, or of another one that is made in the same way, and which
/// works in the background: that it sends something does not show that it is ready.
fn works_on(facts: &FileFacts, start: CallId, call: &Call) -> bool {
    let made = &facts.calls[facts.calls[start].root];
    call.path.is_empty() && facts.calls[call.root].path == made.path && is_worker(facts, call.root)
}

/// Whether the call makes an object of the program under test, and starts a thread or a task for it.
fn is_worker(facts: &FileFacts, id: CallId) -> bool {
    let made = &facts.calls[id];
    let spawns = made.effects.as_ref().is_some_and(|effects| effects.spawns);
    spawns && made.of_run && !made.path.is_empty() && !facts.may_be_of_tests(made)
}

/// Returns the addresses and absolute paths that the started thread or task gets.
fn addresses_in(facts: &FileFacts, start: &Call) -> HashSet<String> {
    let is_inside = |other: &&Call| other.function == start.function && start.span.covers(other.span);
    let texts = facts.calls.iter().filter(is_inside).flat_map(|call| &call.arguments).filter_map(Value::constant);
    let is_path = |text: &str| text.starts_with('/') && text.len() > 1;
    let is_address = |text: &str| text.contains("://") || text.parse::<SocketAddr>().is_ok();
    texts.filter(|text| is_path(text) || is_address(text)).collect()
}

/// Whether the called function binds its socket before it starts anything: connections wait in the queue, so the length of
/// the sleep does not decide.
fn binds_first(start: &Call) -> bool {
    start.effects.as_ref().is_some_and(|effects| effects.binds_first)
}

/// Whether the function itself binds a socket before it starts anything.
fn is_bound_before(facts: &FileFacts, start: CallId) -> bool {
    let start = &facts.calls[start];
    facts.sinks.iter().any(|sink| {
        sink.function == start.function
            && matches!(sink.kind, SinkKind::Listen | SinkKind::Bind | SinkKind::Datagram)
            && sink.span.end <= start.span.start
    })
}

/// Whether a call after the sleep and up to the assertion asks an object of the program under test that works in the
/// background: its constructor, before the sleep, starts a thread or a task.
fn asks_program(facts: &FileFacts, sleep: CallId, assertion: CallId) -> bool {
    let asks = |call: &Call| {
        let is_of_function = call.function == facts.calls[sleep].function;
        is_of_function && call.path.is_empty() && call.of_run && call.root < sleep && is_worker(facts, call.root)
    };
    facts.calls[sleep + 1..=assertion].iter().any(asks)
}

/// Whether a call after the sleep and up to the assertion looks at files, which the started program may write later.
fn looks_at_files(facts: &FileFacts, sleep: CallId, assertion: CallId) -> bool {
    let looks = |call: &Call| {
        call.function == facts.calls[sleep].function
            && (tables::LOOKING_AT_FILES.iter().any(|known| tables::ends_with(&call.path, known))
                || call.path.is_empty() && tables::FILE_STATES.contains(&call.name.as_str()))
    };
    facts.calls[sleep + 1..=assertion].iter().any(looks)
}

/// Whether the test's clock is paused, so that its sleeps take no time.
fn is_paused(facts: &FileFacts, sleep: &Call) -> bool {
    facts.functions[sleep.function].paused
        || facts.calls.iter().any(|call| {
            call.function == sleep.function && tables::PAUSING.iter().any(|known| tables::ends_with(&call.path, known))
        })
}

/// Whether the function returns or stores the child that it started, and does nothing else with it: the sleep is for
/// its callers.
fn hands_on(facts: &FileFacts, start: CallId) -> bool {
    let is_child = facts.calls[start].name == "spawn" && facts.command_behind(start).is_some();
    let of_child = |other: &Call| other.receiver.as_ref().is_some_and(|receiver| receiver.call == Some(start));
    let changes = |other: &Call| of_child(other) && !tables::CHILD_GETTERS.contains(&other.name.as_str());
    let handed = facts.escaped.contains(&start);
    is_child && handed && !facts.calls_from(start).any(|(_, other)| changes(other) && other.name != "expect")
}

/// Whether a client library connects or sends its request in the call.
fn opens(facts: &FileFacts, id: CallId, call: &Call) -> bool {
    call.awaited && flow::contacts(facts, id)
}

/// Whether a function besides tests and `main` starts something that listens and does nothing after the sleep: its callers connect.
fn is_helper_that_serves(facts: &FileFacts, sleep: CallId, start: CallId) -> bool {
    let (function, started) = (facts.calls[start].function, facts.calls[start].span);
    let is_of_test = facts.functions[function].run_by_harness || facts.functions[function].name == "main";
    let is_last = || facts.calls_from(sleep).skip(1).all(|(_, other)| other.function != function || is_plain(other));
    let is_started = |span: Span| started.covers(span);
    let listens =
        |other: &Call| other.effects.as_ref().is_some_and(|effects| effects.listens) && is_started(other.span);
    let is_listener = |sink: &Sink| {
        sink.function == function
            && matches!(sink.kind, SinkKind::Listen | SinkKind::SocketPath)
            && is_started(sink.span)
    };
    !is_of_test && is_last() && (facts.calls.iter().any(listens) || facts.sinks.iter().any(is_listener))
}

/// Whether the call only prints, formats or converts.
fn is_plain(call: &Call) -> bool {
    call.name.strip_suffix('!').is_some_and(tables::is_looking) || tables::is_transparent(&call.name)
}

/// Whether the call waits for the answer to a request that it sends.
fn requests(facts: &FileFacts, call: &Call) -> bool {
    let of_request = |other: &Call| tables::REQUESTING.contains(&other.name.as_str());
    call.awaited
        && tables::SENDING_REQUESTS.contains(&call.name.as_str())
        && facts.object(call.root).any(|(_, other)| of_request(other))
}

fn starts(facts: &FileFacts, id: CallId, call: &Call) -> bool {
    let by_function = call.effects.as_ref().is_some_and(|effects| effects.spawns);
    // `tasks.spawn(…)`, `runtime.spawn(…)`
    let by_method = || {
        call.path.is_empty()
            && tables::is_spawning(&call.name)
            && call.arguments.iter().any(|work| work.body.is_some() || work.call.is_some())
    };
    by_function
        || tables::starts_concurrent(&call.path)
        || call.name == "spawn" && facts.command_behind(id).is_some()
        || by_method()
}

fn asserts(call: &Call) -> bool {
    call.path.starts_with("assert") && call.path.ends_with('!')
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{each_clean, each_found, found};

    const FRAME: &str = "use std::net::TcpStream; #[tokio::test] async fn f() { tokio::spawn(serve()); {} }";
    const RULE: &str = "sleep-as-synchronization";

    #[test]
    fn bad() {
        each_found(
            RULE,
            FRAME,
            &[
                "tokio::time::sleep(SECOND).await; TcpStream::connect(address).unwrap();",
                "tokio::spawn(async { TcpStream::connect(address).unwrap(); }); tokio::time::sleep(SECOND).await; TcpStream::connect(address).unwrap();",
            ],
        );
    }

    #[test]
    fn a_helper_that_starts_a_server_and_sleeps_leaves_the_connection_to_its_callers() {
        let server = "struct Server; impl Server { async fn run(self) { tokio::net::TcpListener::bind(\"127.0.0.1:0\").await; } }";
        for (helper, count) in [
            ("async fn start() { tokio::spawn(Server.run()); tokio::time::sleep(SECOND).await; }", 1),
            (
                "async fn start() { tokio::spawn(async { Server.run().await }); tokio::time::sleep(SECOND).await; println!(); }",
                1,
            ),
            ("async fn start() { tokio::spawn(work()); tokio::time::sleep(SECOND).await; }", 0),
            ("async fn start() { tokio::spawn(Server.run()); tokio::time::sleep(SECOND).await; stop().await; }", 0),
        ] {
            let code = format!("{server} {helper} #[tokio::test] async fn f() {{ start().await; }}");
            assert_eq!(found(RULE, &code).len(), count, "{code}");
        }
    }

    #[test]
    fn what_has_answered_before_the_sleep_is_ready() {
        each_clean(
            RULE,
            FRAME,
            &[
                "TcpStream::connect(address).unwrap(); tokio::time::sleep(SECOND).await; TcpStream::connect(address).unwrap();",
                "client.get(url).send().await.unwrap(); tokio::time::sleep(SECOND).await; TcpStream::connect(address).unwrap();",
            ],
        );
    }
}
