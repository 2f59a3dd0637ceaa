//! Sinks with less effect on the world: a fixed port that only comes first, and a request that is built and not sent.

use super::{CallId, FileFacts, Sink, SinkKind, Undone};
use crate::ir::Step;
use crate::tables;
use crate::value::Value;

/// Marks the sinks of a function that only come first or only build what it returns, and removes those without any
/// effect; `first` is the first of them. Callers do not see the removed ones either.
pub(super) fn mark_undone(facts: &mut FileFacts, function: usize, first: usize, returns: &Value) {
    let mark = |sink: &Sink| {
        if sink.function != function {
            return (sink.undone, true);
        }
        if is_only_built(facts, sink) {
            return (Some(Undone::Built), sink.call.is_some_and(|get| follows(facts, returns, get)));
        }
        (if is_tried(facts, sink) { Some(Undone::Tried) } else { sink.undone }, true)
    };
    let marks: Vec<_> = facts.sinks[first..].iter().map(mark).collect();
    let own = facts.sinks.split_off(first).into_iter().zip(marks);
    facts.sinks.extend(own.filter(|(_, (_, stays))| *stays).map(|(sink, (undone, _))| Sink { undone, ..sink }));
}

/// Whether nothing in the file sends the request that the function of the sink returns.
pub(super) fn is_undone(facts: &FileFacts, sink: &Sink) -> bool {
    let is_returned = |id: CallId| match sink.call {
        Some(_) => facts.calls_of(sink.function).any(|(call, _)| call == id),
        None => facts.calls[id].span == sink.span,
    };
    // Channels have a `send` with an argument, too.
    let sends = |call: &super::Call| {
        let gets = |value: &Value| behind(facts, value).any(is_returned);
        tables::SENDING_REQUESTS.contains(&call.name.as_str())
            && (call.receiver.as_ref().is_some_and(gets) || call.name != "send" && call.arguments.iter().any(gets))
    };
    sink.undone == Some(Undone::Built) && !facts.calls.iter().any(sends)
}

/// Whether the function binds any free port if this bind fails: `match bind(DEFAULT) { Err(_) => bind(0) }`, `or_else`.
fn is_tried(facts: &FileFacts, sink: &Sink) -> bool {
    let binds = |sink: &Sink| matches!(sink.kind, SinkKind::Listen | SinkKind::Bind | SinkKind::Datagram);
    let Some(tried) = sink.call.filter(|_| binds(sink)) else { return false };
    let is_open = |value: &Value| value.shown().ends_with(":0");
    let falls_back = |other: &Sink| {
        other.function == sink.function
            && binds(other)
            && other.values.first().is_some_and(is_open)
            && other.call.is_some_and(|call| call > tried && runs_without(facts, tried, call))
    };
    !sink.values.first().is_some_and(is_open) && facts.sinks.iter().any(falls_back)
}

/// Whether the call runs only where the call `tried` has failed.
fn runs_without(facts: &FileFacts, tried: CallId, call: CallId) -> bool {
    let has = |body: &crate::ir::Body, block: usize| {
        body.blocks[block].steps.iter().any(|step| matches!(*step, Step::Call(id) if id == call))
    };
    let on_failure = |body: &crate::ir::Body| {
        let edges = body.blocks.iter().flat_map(|block| &block.edges);
        edges.filter(|edge| edge.lacks == Some(tried)).filter_map(|edge| edge.to).any(|to| has(body, to))
    };
    // `or_else` itself is not recorded between the two calls.
    let is_alternative = call == tried + 1
        && facts.enclosed_by(call, |name| name == "or_else")
        && !facts.enclosed_by(tried, |name| name == "or_else");
    is_alternative || facts.bodies.iter().any(on_failure)
}

/// Whether the call only builds a request, which nothing sends: `client.get(url).build()`.
fn is_only_built(facts: &FileFacts, sink: &Sink) -> bool {
    let Some(get) = sink.call.filter(|get| tables::REQUESTING.contains(&facts.calls[*get].name.as_str())) else {
        return false;
    };
    let function = facts.calls[get].function;
    let builds = |(_, call): (CallId, &super::Call)| {
        call.name == "build" && call.receiver.as_ref().is_some_and(|built| follows(facts, built, get))
    };
    let sends = |(_, call): (CallId, &super::Call)| {
        call.function == function && tables::SENDING_REQUESTS.contains(&call.name.as_str())
    };
    facts.calls_from(get).any(builds) && !facts.calls_from(get).any(sends)
}

/// Whether the value comes from the call `get`, by methods of its result.
fn follows(facts: &FileFacts, value: &Value, get: CallId) -> bool {
    behind(facts, value).any(|call| call == get)
}

/// Returns the call that made the value, and those that made the receivers before.
fn behind(facts: &FileFacts, value: &Value) -> impl Iterator<Item = CallId> {
    let before = |call: &CallId| {
        let receiver = facts.calls[*call].receiver.as_ref().and_then(|receiver| receiver.call);
        receiver.filter(|before| before < call)
    };
    std::iter::successors(value.call, before)
}
