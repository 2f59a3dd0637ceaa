//! Waits on a connection of the test whose other end is the program under test, for `unbounded-wait`.
//!
//! A program that stops answering, closing or connecting leaves the test waiting. The test's own ends of a connection,
//! such as a server in a thread of the same function, end with the test and are left to `--pedantic`.

use std::collections::BTreeSet;

use crate::facts::{Call, CallId, FileFacts};
use crate::flow::{ACCEPT, Flow, binds, is_datagram_socket, is_joined, is_listener, is_stream};
use crate::ir::{BodyId, Effects};
use crate::network::public_host;
use crate::tables;
use crate::value::{Origin, Value};

const HELP: &str = "put `tokio::time::timeout` around it, or set `set_read_timeout`, so that a program that stops answering fails the \
     test; a `#[netns_test]` has a deadline";

/// The maximum number of calls from a stream to what it is wrapped in, and of functions from a helper to its callers.
const MAX_DEPTH: usize = 4;
const MAX_FUNCTIONS: usize = 64;

/// A wait for the other end of a connection.
pub(super) struct Wait {
    /// The subject of the wait, for the message.
    pub what: &'static str,
    /// The remedy.
    pub help: &'static str,
}

/// Returns the wait of a call that waits for the other end of a socket, if the program under test is the other end as far as the file
/// shows, and nothing ends the wait.
pub(super) fn wait(facts: &FileFacts, flow: &Flow<'_>, id: CallId, call: &Call) -> Option<Wait> {
    let receiver = call.receiver.as_ref()?;
    let accepts = call.name == ACCEPT;
    let functions = with_callers(facts, call.function);
    let is_among = |call: &Call| functions.contains(&call.function);
    if facts.calls.iter().any(|call| is_among(call) && call.limits_streams())
        || has_limit_by_maker(facts, receiver)
        || has_limit_by_caller(facts, flow, call.function)
        || has_limit_by_attribute(facts, &functions)
    {
        return None;
    }
    let is_behind = if is_datagram_socket(facts, receiver) {
        program_answers(facts, &functions) && !is_sent_by_test(facts, call.root, &functions)
    } else if accepts {
        program_connects(facts, &functions) && !connects_to(facts, id) && !has_connected(facts, flow, id, &functions)
    } else {
        !is_of_world(facts, receiver)
            && !is_of_pair(facts, call.function, receiver, 0)
            && (program_answers(facts, &functions) || !listens(facts, &functions))
    };
    let what = if accepts {
        "waits for a connection"
    } else if is_datagram_socket(facts, receiver) {
        "waits for a datagram"
    } else {
        "waits for the other end of a connection"
    };
    is_behind.then_some(Wait { what, help: HELP })
}

/// Whether the wait is in the test's own server, in a thread or a task, and the test fails before it joins it if the client under
/// test, which is the other end, goes wrong.
pub(super) fn is_checked(facts: &FileFacts, flow: &Flow<'_>, id: CallId) -> bool {
    let is_server = facts.calls[id].receiver.as_ref().and_then(|receiver| facts.maker(receiver)).is_some_and(binds);
    let asks = |call: CallId| {
        let call = &facts.calls[call];
        let connects = call.effects.as_ref().is_some_and(|effects| effects.connects);
        connects && call.of_run && !facts.may_be_of_tests(call)
    };
    is_server && flow.is_checked_before_join(id, asks)
}

/// Whether the test itself sends datagrams by another socket than this one, which may be the ones that it waits for.
fn is_sent_by_test(facts: &FileFacts, socket: CallId, functions: &BTreeSet<usize>) -> bool {
    facts.calls.iter().filter(|call| functions.contains(&call.function)).any(|call| {
        tables::DATAGRAM_SENDS.contains(&call.name.as_str())
            && call.root != socket
            && call.receiver.as_ref().is_some_and(|receiver| is_datagram_socket(facts, receiver))
    })
}

/// Returns the function and the functions of the file that call it, near and far.
pub(super) fn with_callers(facts: &FileFacts, function: usize) -> BTreeSet<usize> {
    let mut functions = BTreeSet::from([function]);
    let mut open = vec![function];
    while let Some(next) = open.pop() {
        if facts.functions[next].run_by_harness || functions.len() > MAX_FUNCTIONS {
            continue;
        }
        for (_, call) in facts.calls_of(next) {
            if functions.insert(call.function) {
                open.push(call.function);
            }
        }
    }
    functions
}

/// Whether the function that made the stream sets a limit on it.
pub(super) fn has_limit_by_maker(facts: &FileFacts, value: &Value) -> bool {
    value.call.is_some_and(|call| has_limit_of_object(facts, facts.calls[call].root))
}

/// Whether a call of the object that the call `root` made sets a limit on its waits. A function that takes the limit from
/// its caller and gets none sets none.
pub(super) fn has_limit_of_object(facts: &FileFacts, root: CallId) -> bool {
    facts.object(root).any(|(_, call)| {
        let by_function = || call.effects.as_ref().is_some_and(|effects| effects.limits);
        call.limit_of_streams().is_some() || (call.is_limit() || by_function()) && !call.leaves_streams_unlimited()
    })
}

/// Whether an attribute ends each test among these functions after a time.
pub(super) fn has_limit_by_attribute(facts: &FileFacts, functions: &BTreeSet<usize>) -> bool {
    let mut tests = functions
        .iter()
        .map(|function| &facts.functions[*function])
        .filter(|function| function.run_by_harness)
        .peekable();
    tests.peek().is_some() && tests.all(|function| function.limited)
}

/// Whether a caller in the file runs the helper with a limit.
pub(super) fn has_limit_by_caller(facts: &FileFacts, flow: &Flow<'_>, function: usize) -> bool {
    !facts.functions[function].run_by_harness && facts.calls_of(function).any(|(id, _)| flow.is_limited_in_time(id))
}

/// Whether each caller in the file, near or far, runs the helper with a limit.
pub(super) fn has_limit_by_each_caller(facts: &FileFacts, flow: &Flow<'_>, function: usize) -> bool {
    is_limited_by_callers(facts, flow, function, 0)
}

fn is_limited_by_callers(facts: &FileFacts, flow: &Flow<'_>, function: usize, depth: usize) -> bool {
    let mut callers = facts.calls_of(function).filter(|(_, call)| call.function != function).peekable();
    let is_limited = |(id, call): (CallId, &Call)| {
        flow.is_limited_in_time(id) || depth < MAX_DEPTH && is_limited_by_callers(facts, flow, call.function, depth + 1)
    };
    !facts.functions[function].run_by_harness && callers.peek().is_some() && callers.all(is_limited)
}

/// Whether the stream leads to a host of the Internet or of the environment: `client-without-timeout` reports those.
fn is_of_world(facts: &FileFacts, value: &Value) -> bool {
    let is_it = |value: &Value| {
        value.source(Origin::Environment).is_some()
            || value.readings().any(|reading| public_host(&reading.shown()).is_some())
    };
    facts.maker(value).is_some_and(|maker| maker.arguments.iter().any(is_it))
}

/// Returns the calls of these functions that leave them: calls of one another are the test's own.
pub(super) fn calls_out<'f>(
    facts: &'f FileFacts,
    functions: &BTreeSet<usize>,
) -> impl Iterator<Item = (CallId, &'f Call)> {
    let is_own = |call: &Call| functions.iter().any(|function| facts.may_run(call, *function));
    facts.calls.iter().enumerate().filter(move |(_, call)| functions.contains(&call.function) && !is_own(call))
}

/// Whether the test has both ends of the connection, or may have: it accepts what it opens, or a helper of the test
/// listens at the address. For a parameter, whether all callers in the file pass such a value.
pub(super) fn is_of_pair(facts: &FileFacts, function: usize, value: &Value, depth: usize) -> bool {
    if depth > MAX_DEPTH {
        return true;
    }
    let Some(maker) = facts.maker(value) else {
        // What a function of the file returns in a tuple has no maker here; a parameter comes from the caller.
        let Some(parameter) = value.parameters.first() else { return true };
        let mut callers = facts.calls_of(function).map(|(_, call)| call).peekable();
        let passes_one = |call: &Call| {
            let all: Vec<&Value> = call.receiver.iter().chain(&call.arguments).collect();
            all.get(parameter.index).is_none_or(|given| is_of_pair(facts, call.function, given, depth + 1))
        };
        return callers.peek().is_some() && callers.all(passes_one);
    };
    let is_both = |effects: &Effects| effects.connects && effects.listens;
    if tables::STREAM_PAIRS.contains(&maker.name.as_str())
        || maker.effects.as_ref().is_some_and(|effects| is_both(effects))
    {
        return true;
    }
    let converts = tables::STREAM_CONVERSIONS.contains(&maker.name.as_str())
        || tables::STREAM_WRAPPERS.iter().any(|known| tables::ends_with(&maker.path, known));
    if converts && let Some(inner) = maker.arguments.first() {
        return is_of_pair(facts, maker.function, inner, depth + 1);
    }
    connects(maker) && maker.arguments.iter().any(|address| leads_to_own(facts, maker.function, address))
        || binds(maker) && connects_to(facts, maker.root)
}

fn connects(call: &Call) -> bool {
    tables::STREAM_MAKERS.iter().any(|known| tables::ends_with(&call.path, known))
}

/// Returns the call that made the object whose address, or a part of it, the value is.
fn addressed(facts: &FileFacts, value: &Value) -> Option<CallId> {
    let direct = value.call.map(|call| facts.calls[call].root);
    direct.or_else(|| value.items.iter().flatten().find_map(|item| addressed(facts, item)))
}

/// Whether a listener of the test itself has the address: one whose connections the function takes, or one of a
/// helper. An unknown address counts in a function that takes connections.
fn leads_to_own(facts: &FileFacts, function: usize, address: &Value) -> bool {
    let here = || facts.calls.iter().filter(|call| call.function == function);
    let accepts = |root: Option<CallId>| {
        here().any(|call| {
            tables::ACCEPTING.contains(&call.name.as_str())
                && root.is_none_or(|root| call.root == root)
                && binds(&facts.calls[call.root])
        })
    };
    let Some(root) = addressed(facts, address) else { return address.parameters.is_empty() && accepts(None) };
    let made = &facts.calls[root];
    if binds(made) {
        return accepts(Some(root));
    }
    match &made.effects {
        Some(effects) => effects.listens && !effects.listens_beyond && facts.may_be_of_tests(made),
        // Such as the path of a socket.
        None => !made.of_run && accepts(None),
    }
}

/// Whether code of the program that these functions call serves, connects, or gets one of their listeners or
/// connections. What a helper of the tests does itself does not count.
fn program_answers(facts: &FileFacts, functions: &BTreeSet<usize>) -> bool {
    let is_end = |value: &Value| {
        is_listener(facts, value) || is_datagram_socket(facts, value) || is_stream(facts, value, false, 0)
    };
    calls_out(facts, functions).any(|(id, call)| {
        let is_served = || call.of_run && !facts.may_be_of_tests(call) && call.arguments.iter().any(is_end);
        let by_function = |effects: &Effects| {
            effects.connects_beyond
                || effects.listens_beyond
                || (effects.connects || effects.listens) && !facts.may_be_of_tests(call)
        };
        call.effects.as_ref().is_some_and(|effects| by_function(effects))
            || starts_program(facts, id, call)
            || is_served()
    })
}

/// Whether code of the program that these functions call connects, or a program that they start may.
pub(super) fn program_connects(facts: &FileFacts, functions: &BTreeSet<usize>) -> bool {
    calls_out(facts, functions).any(|(id, call)| {
        let by_function =
            |effects: &Effects| effects.connects_beyond || effects.connects && !facts.may_be_of_tests(call);
        call.effects.as_ref().is_some_and(|effects| by_function(effects)) || starts_program(facts, id, call)
    })
}

pub(super) fn starts_program(facts: &FileFacts, id: CallId, call: &Call) -> bool {
    call.name == "spawn" && facts.command_behind(id).is_some()
}

/// Whether one of these functions, or a function that they call, has a listener, whose server may be in sight.
fn listens(facts: &FileFacts, functions: &BTreeSet<usize>) -> bool {
    let by_function = |call: &Call| call.effects.as_ref().is_some_and(|effects| effects.listens);
    facts.calls.iter().any(|call| functions.contains(&call.function) && (binds(call) || by_function(call)))
}

/// Whether the function itself, or a helper of the tests that it calls, connects to the address of the listener.
fn connects_to(facts: &FileFacts, accept: CallId) -> bool {
    let (root, function) = (facts.calls[accept].root, facts.calls[accept].function);
    let by_helper = |call: &Call| {
        let connects = |effects: &Effects| effects.connects && !effects.connects_beyond;
        call.effects.as_ref().is_some_and(|effects| connects(effects)) && facts.may_be_of_tests(call)
    };
    facts.calls_around(accept).map(|at| &facts.calls[at]).any(|other| {
        other.function == function
            && (connects(other) || by_helper(other))
            && other.arguments.iter().any(|address| addressed(facts, address) == Some(root))
    })
}

/// Whether the test may have connected, or code that it has called, so that the connection waits for the `accept`: in
/// the function of the `accept`, or in a caller. A connection of another task may come late.
pub(super) fn has_connected(facts: &FileFacts, flow: &Flow<'_>, accept: CallId, functions: &BTreeSet<usize>) -> bool {
    let helpers: Vec<&str> = functions
        .iter()
        .map(|function| &facts.functions[*function])
        .filter(|function| !function.run_by_harness)
        .map(|function| function.name.as_str())
        .collect();
    let is_on_the_way = |(id, call): &(CallId, &Call)| {
        *id == accept || functions.contains(&call.function) && call.of_run && helpers.contains(&call.name.as_str())
    };
    let may_connect = |call: &Call| connects(call) || call.effects.as_ref().is_some_and(|effects| effects.connects);
    facts.calls.iter().enumerate().filter(is_on_the_way).any(|(id, call)| {
        let bodies = bodies_around(flow, id);
        facts.calls_around(id).take_while(|at| *at < id).any(|at| {
            let other = &facts.calls[at];
            other.function == call.function
                && may_connect(other)
                && !is_joined(facts, at)
                && !facts.enclosed_by(at, tables::is_spawning)
                && flow.place(at).is_none_or(|place| bodies.contains(&place.body))
        })
    })
}

/// Returns the body of the call and those around it.
fn bodies_around(flow: &Flow<'_>, id: CallId) -> Vec<BodyId> {
    let mut bodies = Vec::new();
    let mut next = flow.place(id);
    while let Some(place) = next.filter(|place| !bodies.contains(&place.body)) {
        bodies.push(place.body);
        next = flow.made(place.body);
    }
    bodies
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{clean, each_clean, each_found, found_pedantic};

    const RULE: &str = "unbounded-wait";
    const FRAME: &str = "use std::net::SocketAddr; use tokio::net::{TcpListener, TcpStream}; \
        struct Server; impl Server { async fn run(self) { TcpListener::bind(\"127.0.0.1:0\").await; } } \
        async fn dial(to: SocketAddr) { TcpStream::connect(to).await; } \
        #[cfg(test)] mod tests { use super::{Server, dial}; use tokio::net::{TcpListener, TcpStream}; \
        async fn echo() -> SocketAddr { let l = TcpListener::bind(\"127.0.0.1:0\").await.unwrap(); let at = l.local_addr().unwrap(); \
            tokio::spawn(async move { l.accept().await }); at } \
        async fn join(to: SocketAddr) -> TcpStream { TcpStream::connect(to).await.unwrap() } \
        #[tokio::test] async fn f(at: SocketAddr, limit: Duration) { tokio::spawn(Server.run()); {} } }";

    #[test]
    fn what_the_program_under_test_has_to_send_or_open() {
        each_found(
            RULE,
            FRAME,
            &[
                "let mut s = TcpStream::connect(at).await.unwrap(); s.read_exact(&mut b).await.unwrap();",
                "let mut s = TcpStream::connect(at).await.unwrap(); assert_eq!(s.read(&mut b).await.unwrap(), 0);",
                "let mut s = std::net::TcpStream::connect(at).unwrap(); s.read_to_end(&mut b).unwrap();",
                "let l = TcpListener::bind(\"127.0.0.1:0\").await.unwrap(); tokio::spawn(dial(at)); let (s, _) = l.accept().await.unwrap();",
                "let l = TcpListener::bind(\"127.0.0.1:0\").await.unwrap(); let ((mut s, _), _) = tokio::join!(l.accept(), dial(at));",
                "let mut w = Framed::new(TcpStream::connect(at).await.unwrap(), Lines); w.next().await.unwrap();",
                "let (mut w, _) = tokio_tungstenite::connect_async(url).await.unwrap(); w.next().await.unwrap();",
            ],
        );
        let helper = "use tokio::net::TcpStream; async fn get(at: A) { let mut s = TcpStream::connect(at).await.unwrap(); \
            s.read_to_string(&mut t).await.unwrap(); } #[tokio::test] async fn f() { let at = serve().await; get(at).await; }";
        each_found(RULE, "{}", &[helper]);
    }

    #[test]
    fn limits_and_own_ends_are_no_findings() {
        each_clean(
            RULE,
            FRAME,
            &[
                "let mut s = TcpStream::connect(at).await.unwrap(); timeout(limit, s.read_exact(&mut b)).await.unwrap();",
                "let mut s = std::net::TcpStream::connect(at).unwrap(); s.set_read_timeout(Some(limit)); s.read_to_end(&mut b).unwrap();",
                "tokio::spawn(async move { let mut s = TcpStream::connect(at).await.unwrap(); s.read_exact(&mut b).await.unwrap(); });",
                "let l = TcpListener::bind(\"127.0.0.1:0\").await.unwrap(); let c = TcpStream::connect(at).await.unwrap(); dial(at).await; let (s, _) = l.accept().await.unwrap();",
                "let l = TcpListener::bind(\"127.0.0.1:0\").await.unwrap(); dial(at).await; let a = l.local_addr().unwrap(); let (c, s) = tokio::join!(TcpStream::connect(a), l.accept());",
                "let l = TcpListener::bind(\"127.0.0.1:0\").await.unwrap(); dial(l.local_addr().unwrap()).await; let (s, _) = l.accept().await.unwrap();",
                "let l = TcpListener::bind(\"127.0.0.1:0\").await.unwrap(); tokio::spawn(dial(at)); let t = tokio::spawn(join(l.local_addr().unwrap())); let (s, _) = l.accept().await.unwrap();",
                "let mut s = TcpStream::connect(echo().await).await.unwrap(); s.read_exact(&mut b).await.unwrap();",
                "let l = TcpListener::bind(\"127.0.0.1:0\").await.unwrap(); let port = l.local_addr().unwrap().port(); tokio::spawn(async move { l.accept().await }); \
                    let mut s = TcpStream::connect((\"127.0.0.1\", port)).await.unwrap(); s.read_exact(&mut b).await.unwrap();",
                "let l = std::net::TcpListener::bind(\"127.0.0.1:0\").unwrap(); let own = l.local_addr().unwrap(); std::thread::spawn(move || for s in l.incoming() {}); \
                    let mut s = std::net::TcpStream::connect(own).unwrap(); s.read_exact(&mut b).unwrap();",
                "let (a, b) = UnixStream::pair().unwrap(); let mut s = tokio::net::UnixStream::from_std(b).unwrap(); s.read_exact(&mut b).await.unwrap();",
                "let (mut a, b) = tokio::io::duplex(64); a.read_exact(&mut b).await.unwrap();",
                "let mut file = std::fs::File::open(at).unwrap(); file.read_exact(&mut b).unwrap();",
            ],
        );
        let own = "use tokio::net::{TcpListener, TcpStream}; #[tokio::test] async fn f() { let l = TcpListener::bind(\"127.0.0.1:0\").await.unwrap(); \
            let mut s = TcpStream::connect(l.local_addr().unwrap()).await.unwrap(); let (mut o, _) = l.accept().await.unwrap(); o.write_all(b\"x\").await.unwrap(); s.read_exact(&mut b).await.unwrap(); }";
        clean(RULE, own);
        assert!(!found_pedantic(RULE, own).is_empty());
        let ends = "use std::net::{TcpListener, TcpStream}; fn tcp_pair() -> Result<(TcpStream, TcpStream)> { let l = TcpListener::bind(\"127.0.0.1:0\")?; \
            let a = TcpStream::connect(l.local_addr()?)?; let (b, _) = l.accept()?; Ok((a, b)) } \
            #[test] fn f() { let (mut a, mut b) = tcp_pair().unwrap(); a.write_all(b\"x\").unwrap(); b.read_exact(&mut x).unwrap(); }";
        clean(RULE, ends);
        let pair = "use tokio::net::{TcpListener, TcpStream}; async fn pair() { let l = TcpListener::bind(\"127.0.0.1:0\").await.unwrap(); \
            tokio::spawn(TcpStream::connect(at())); l.accept().await.unwrap(); } #[tokio::test] async fn f() { pair().await; }";
        clean(RULE, pair);
        let limited = "use tokio::net::TcpStream; async fn get(at: A) { let mut s = TcpStream::connect(at).await.unwrap(); \
            s.read_to_string(&mut t).await.unwrap(); } #[tokio::test] async fn f() { timeout(limit, get(at)).await; }";
        clean(RULE, limited);
    }
}
