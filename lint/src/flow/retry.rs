//! Loops that pause and ask again.

use super::contacts;
use crate::facts::{Call, CallId, FileFacts, Repeat, Sink, SinkKind};
use crate::tables;

/// The maximum number of calls from a condition to the one whose result it tests.
const MAX_DEPTH: usize = 8;

/// The method that looks whether a child has ended.
const TRY_WAIT: &str = "try_wait";

/// Returns the call by which the loop pauses.
pub(crate) fn pause(facts: &FileFacts, repeat: &Repeat) -> Option<CallId> {
    calls(facts, repeat).find(|id| pauses(&facts.calls[*id]))
}

/// Whether the call is the pause of a loop that asks a peer until it answers, and that neither a clock nor a count ends.
pub(super) fn is_pause_of_endless(facts: &FileFacts, id: CallId) -> bool {
    let of_loop = |repeat: &&Repeat| repeat.calls.contains(&id) && repeat.function == facts.calls[id].function;
    pauses(&facts.calls[id])
        && facts
            .repeats
            .iter()
            .filter(of_loop)
            .any(|repeat| asked(facts, repeat).iter().any(|id| asks_peer(facts, *id)))
}

/// Returns the calls of the loop itself.
fn calls<'f>(facts: &'f FileFacts, repeat: &'f Repeat) -> impl Iterator<Item = CallId> + 'f {
    repeat.calls.clone().filter(|id| facts.calls[*id].function == repeat.function)
}

fn pauses(call: &Call) -> bool {
    tables::SLEEPING.iter().any(|known| tables::ends_with(&call.path, known))
        || tables::YIELDING.contains(&call.name.as_str())
}

/// Returns the calls in the conditions of the loop, and the calls of the loop whose results these test.
pub(crate) fn asked(facts: &FileFacts, repeat: &Repeat) -> Vec<CallId> {
    let is_tested = |id: &CallId| repeat.conditions.iter().any(|condition| condition.covers(facts.calls[*id].span));
    let mut asked: Vec<CallId> = calls(facts, repeat).filter(is_tested).collect();
    let mut next = 0;
    while next < asked.len().min(MAX_DEPTH * MAX_DEPTH) {
        let call = &facts.calls[asked[next]];
        next += 1;
        for before in call.receiver.iter().chain(&call.arguments).filter_map(|value| value.call) {
            if repeat.calls.contains(&before) && !asked.contains(&before) {
                asked.push(before);
            }
        }
    }
    asked
}

/// Whether the call connects to a peer, or sends it a request.
pub(crate) fn asks_peer(facts: &FileFacts, id: CallId) -> bool {
    let call = &facts.calls[id];
    let is_it = |sink: &&Sink| sink.call == Some(id) || sink.through.is_some() && sink.span == call.span;
    call.effects.as_ref().is_some_and(|effects| effects.connects)
        || contacts(facts, id)
        || facts.sinks.iter().filter(is_it).any(|sink| sink.kind == SinkKind::Connect)
        || call.awaited && tables::SENDING_REQUESTS.contains(&call.name.as_str())
        || call.name == TRY_WAIT && facts.command_behind(id).is_some()
}
