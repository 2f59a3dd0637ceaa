//! Sinks without an effect on the world: a fixed port that only comes first, and a request that is built and not sent.

use super::{CallId, FileFacts, Sink, SinkKind};
use crate::ir::Step;
use crate::tables;
use crate::value::Value;

/// Removes the sinks without an effect from those of a function; `first` is the first of them. Callers do not see them
/// either.
pub(super) fn remove_undone(facts: &mut FileFacts, function: usize, first: usize) {
    let is_undone = |sink: &Sink| sink.function == function && (is_tried(facts, sink) || is_only_built(facts, sink));
    let undone: Vec<bool> = facts.sinks[first..].iter().map(is_undone).collect();
    let mut undone = std::iter::repeat_n(false, first).chain(undone);
    facts.sinks.retain(|_| !undone.next().unwrap_or_default());
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
    let is_alternative = |(id, other): (CallId, &super::Call)| {
        id > tried
            && other.name == "or_else"
            && other.receiver.as_ref().is_some_and(|receiver| receiver.call == Some(tried))
            && other.span.covers(facts.calls[call].span)
    };
    facts.bodies.iter().any(on_failure) || facts.calls_from(tried).any(is_alternative)
}

/// Whether the call only builds a request, which nothing sends: `client.get(url).build()`.
fn is_only_built(facts: &FileFacts, sink: &Sink) -> bool {
    let Some(get) = sink.call.filter(|get| tables::REQUESTING.contains(&facts.calls[*get].name.as_str())) else {
        return false;
    };
    let function = facts.calls[get].function;
    let follows = |value: &Value| {
        let before = |call: &CallId| facts.calls[*call].receiver.as_ref().and_then(|receiver| receiver.call);
        std::iter::successors(value.call, |call| before(call).filter(|before| *before >= get)).any(|call| call == get)
    };
    let builds =
        |(_, call): (CallId, &super::Call)| call.name == "build" && call.receiver.as_ref().is_some_and(follows);
    let sends = |(_, call): (CallId, &super::Call)| {
        call.function == function && tables::SENDING_REQUESTS.contains(&call.name.as_str())
    };
    facts.calls_from(get).any(builds) && !facts.calls_from(get).any(sends)
}
