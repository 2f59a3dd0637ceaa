//! Binds whose failure the code outlives: a loop or a helper that tries one port after the other.

use super::effects::call_of;
use super::steps;
use crate::facts::{CallId, FileFacts, Sink};
use crate::ir::{Body, BodyKind, Edge, Object, Step, Why};

/// Methods that show whether a result is an error.
const LOOKING_AT_RESULTS: &[&str] = &["is_ok", "is_ok_and", "is_err", "is_err_and", "is_some", "is_none"];

/// Whether the code reads the error of the sink's operation and goes on, so that it can try another port: in the
/// function of the sink, or in the function of the file that performs the operation.
pub(crate) fn outlives_failure(facts: &FileFacts, sink: &Sink) -> bool {
    let Some(call) = call_of(facts, sink) else { return false };
    if sink.through.is_none() {
        return reads_error(facts, call);
    }
    let place = sink.behind.first().filter(|place| place.file == facts.file);
    let performed = place.and_then(|place| {
        let mut own = facts.sinks.iter().filter(|other| other.through.is_none() && other.span == place.span);
        own.find_map(|other| other.call)
    });
    match performed {
        Some(operation) => {
            let is_here = !panics(facts, operation) && !leaves(facts, call) && is_tested(facts, call);
            reads_error(facts, operation) || is_here
        }
        // The function of another file may return the error.
        None => !leaves(facts, call),
    }
}

/// Whether the function of the call reads its error: neither a panic nor `?` nor the result of the function passes it on.
fn reads_error(facts: &FileFacts, call: CallId) -> bool {
    !leaves(facts, call) && (is_tested(facts, call) || !is_returned(facts, call, |kind| kind == BodyKind::Function))
}

/// Whether an edge depends on the existence of the call's result, a method looks at it, or a closure returns it to an
/// adapter: `find_map(|_| bind(…).ok())`.
fn is_tested(facts: &FileFacts, call: CallId) -> bool {
    let is_of_it = |other: &crate::facts::Call| other.receiver.as_ref().is_some_and(|on| on.call == Some(call));
    let mut after = facts.calls_from(call);
    edges(facts).any(|(_, edge)| edge.lacks == Some(call) && edge.to.is_some())
        || after.any(|(_, other)| LOOKING_AT_RESULTS.contains(&other.name.as_str()) && is_of_it(other))
        || is_returned(facts, call, |kind| kind == BodyKind::Closure)
}

/// Whether a body of that kind returns the result of the call.
fn is_returned(facts: &FileFacts, call: CallId, is_wanted: impl Fn(BodyKind) -> bool) -> bool {
    let returns = |step: &Step| matches!(*step, Step::Returned { object: Object::Call(id), .. } if id == call);
    let wanted = facts.bodies.iter().filter(|body| is_wanted(body.kind));
    wanted.flat_map(steps).any(|(_, _, step)| returns(step))
}

/// Whether an error of the call leaves the function. In a closure, `?` leaves only the closure.
fn leaves(facts: &FileFacts, call: CallId) -> bool {
    let is_attempt = |(body, edge): (&Body, &Edge)| body.kind == BodyKind::Function && edge.why == Why::Try(Some(call));
    panics(facts, call) || edges(facts).any(is_attempt)
}

/// Whether an error of the call is a panic. A panic behind the closure of the call is about the result of its adapter.
fn panics(facts: &FileFacts, call: CallId) -> bool {
    let own = facts.bodies.iter().find(|body| steps(body).any(|(_, _, step)| *step == Step::Call(call)));
    let is_behind = |body: &Body| own.is_some_and(|own| own.kind == BodyKind::Closure && !std::ptr::eq(own, body));
    edges(facts).any(|(body, edge)| edge.why == Why::Panic(Some(call)) && !is_behind(body))
}

/// Returns all edges with their bodies.
fn edges<'f>(facts: &'f FileFacts) -> impl Iterator<Item = (&'f Body, &'f Edge)> {
    let of_body =
        |body: &'f Body| body.blocks.iter().flat_map(move |block| block.edges.iter().map(move |edge| (body, edge)));
    facts.bodies.iter().flat_map(of_body)
}
