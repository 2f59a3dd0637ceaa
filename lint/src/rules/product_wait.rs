//! Calls of the program under test that wait for the other end of a socket, for `unbounded-wait`.
//!
//! The wait is in the program; the test decides by its calls whether anything ends it. One finding for each object in a
//! function: a limit of the object ends all its waits.

use std::collections::{BTreeSet, HashSet};

use super::message::is_for_tasks;
use super::stream::{
    calls_out, has_connected, has_limit_by_attribute, has_limit_by_caller, has_limit_by_maker, program_connects,
    starts_program, with_callers,
};
use crate::facts::{Call, CallId, FileFacts, Place};
use crate::flow::{self, Flow};
use crate::ir::Effects;
use crate::rule::{Hit, too_deep};
use crate::tables;
use crate::value::Value;

const HELP: &str = "put `tokio::time::timeout` around the call, or let the program set a limit on its socket \
                    (`set_read_timeout`), so that a lost reply fails the test; a `#[netns_test]` has a deadline";

/// Finds calls of the program under test that wait for a peer, and that nothing ends if the peer stays silent.
pub(super) fn check<'f>(facts: &'f FileFacts, flow: &mut Option<Flow<'f>>, hits: &mut Vec<Hit>) {
    let mut reported = HashSet::new();
    let waits = |call: &Call| call.effects.as_ref().is_some_and(|effects| effects.waits().next().is_some());
    for (id, call) in facts.calls.iter().enumerate().filter(|(_, call)| waits(call)) {
        let Some(accepts) = flow::waits(facts, id) else { continue };
        let function = &facts.functions[call.function];
        // An `async` function that connects is left to `client-without-timeout`; a helper of the tests has its own finding.
        let is_client = || call.awaited && call.effects.as_ref().is_some_and(|effects| effects.connects);
        if function.isolated || facts.may_be_of_tests(call) || is_client() {
            continue;
        }
        let flow = flow.get_or_insert_with(|| Flow::new(facts));
        let functions = with_callers(facts, call.function);
        // A constructor or a function waits with its arguments; an argument of a method may be the address of another object.
        let mut objects = call.receiver.iter().chain(call.arguments.iter().filter(|_| call.receiver.is_none()));
        let is_excused = flow.is_apart(id)
            || flow.is_limited_in_time(id)
            || objects.any(|object| has_limit_by_maker(facts, object))
            || facts.calls.iter().any(|call| functions.contains(&call.function) && call.limits_streams())
            || has_limit_by_attribute(facts, &functions)
            || has_limit_by_caller(facts, flow, call.function)
            || is_for_tasks(facts, flow, call.function, true)
            || accepts && has_connected(facts, flow, id, &functions);
        if flow.took_too_deep() {
            hits.push(too_deep(call).only_in_tests());
            continue;
        }
        if is_excused || !reported.insert((call.function, call.root)) {
            continue;
        }
        let is_of_program = if accepts {
            program_connects(facts, &functions)
        } else {
            !serves(facts, &functions) || program_serves(facts, call, &functions)
        };
        let is_done = flow.is_checked_before_join(id, |asked| has_answer(facts, asked));
        let what = if accepts { "a connection" } else { "the other end of its socket" };
        let message = format!("`{}` waits for {what} without a limit of time", call.name);
        let places = call.effects.iter().flat_map(|effects| effects.waits()).map(|deed| deed.place);
        let behind: Vec<Place> = places.map(|(file, span)| Place { file, span }).collect();
        let hit = Hit::new(call.function, call.name_span, message, HELP)
            .behind(&behind)
            .pedantic(!is_of_program || is_done || function.ignored)
            .only_in_tests();
        let joined = flow.join_of(id);
        hits.push(match joined {
            Some(join) => hit.label(join, "the test waits for this thread or task here"),
            None => hit,
        });
    }
}

/// Whether the call returns only with an answer of the peer, or with an error after a time. A datagram is sent without one.
fn has_answer(facts: &FileFacts, id: CallId) -> bool {
    let call = &facts.calls[id];
    let is_limited = |effects: &Effects| effects.connects && (effects.limits || effects.limits_streams);
    flow::waits(facts, id).is_some() || call.effects.as_ref().is_some_and(|effects| is_limited(effects))
}

/// Whether the test itself has a server or a peer: it binds a socket, makes both ends of a connection, or starts a server of
/// a helper or of another crate.
fn serves(facts: &FileFacts, functions: &BTreeSet<usize>) -> bool {
    let by_helper = |call: &Call| {
        let serves = call.effects.as_ref().is_some_and(|effects| effects.listens && !effects.listens_beyond);
        serves && facts.may_be_of_tests(call)
    };
    let is_server = |call: &Call| {
        flow::binds(call)
            || flow::binds_datagrams(call)
            || tables::STREAM_PAIRS.contains(&call.name.as_str())
            || tables::is_mock(&call.path)
            || by_helper(call)
    };
    facts.calls.iter().any(|call| functions.contains(&call.function) && is_server(call))
}

/// Whether code of the program under test, apart from the object that waits, serves, or gets a socket of the test to serve it.
fn program_serves(facts: &FileFacts, wait: &Call, functions: &BTreeSet<usize>) -> bool {
    let is_end = |value: &Value| {
        flow::is_listener(facts, value)
            || flow::is_datagram_socket(facts, value)
            || flow::is_stream(facts, value, false, 0)
    };
    let serves = |(id, call): (CallId, &Call)| {
        let is_of_program = call.of_run && !facts.may_be_of_tests(call);
        let listens = || {
            let effects = call.effects.as_ref();
            effects.is_some_and(|effects| effects.listens_beyond || effects.listens && is_of_program)
        };
        let gets_end = || is_of_program && call.arguments.iter().any(is_end);
        call.root != wait.root && (listens() || gets_end()) || starts_program(facts, id, call)
    };
    calls_out(facts, functions).any(serves)
}
