//! Waits for another thread or task of the test itself, which may fail before it does its part, for `unbounded-wait`.
//!
//! A panic ends only its own thread. A barrier or a condition then never ends the wait, and the test hangs instead of
//! failing.

use super::stream::{has_limit_by_attribute, with_callers};
use crate::facts::{Call, CallId, FileFacts};
use crate::flow::Flow;
use crate::ir::{BodyId, BodyKind};
use crate::rule::Hit;
use crate::tables;
use crate::value::Value;

const HELP: &str = "do what may fail before the thread starts or after the wait, or wait with a limit: \
                    `wait_timeout`, `tokio::time::timeout`; a `#[netns_test]` has a deadline";

/// The maximum number of wrappers around an object, such as `Arc`.
const MAX_DEPTH: usize = 4;

/// Finds waits in code that a test runs itself, for a thread or task of the same function that may fail first.
pub(super) fn check<'f>(facts: &'f FileFacts, flow: &mut Option<Flow<'f>>, hits: &mut Vec<Hit>) {
    for (id, call) in facts.calls.iter().enumerate() {
        let Some(partner) = partner(facts, call).filter(|_| !facts.functions[call.function].isolated) else {
            continue;
        };
        let flow = flow.get_or_insert_with(|| Flow::new(facts));
        let here = flow.place(id).map(|place| place.body);
        let fails = |other: &CallId| {
            let elsewhere = flow.place(*other).map(|place| place.body);
            elsewhere != here
                && elsewhere.is_some_and(|body| is_of_thread(facts, flow, body))
                && flow.may_fail_before(*other)
        };
        let others = facts.calls_around(id).filter(|other| facts.calls[*other].function == call.function);
        let Some(other) = others.filter(|other| partner.is(facts, &facts.calls[*other])).find(fails) else { continue };
        let is_excused = flow.is_apart(id)
            || flow.is_limited_in_time(id)
            || has_limit_by_attribute(facts, &with_callers(facts, call.function));
        if !flow.took_too_deep() && !is_excused {
            let message =
                format!("`{}` waits for a thread that may fail before its `{}`", call.name, facts.calls[other].name);
            let hit =
                Hit::new(call.function, call.name_span, message, HELP).label(facts.calls[other].span, "expected here");
            hits.push(hit.pedantic(facts.functions[call.function].ignored).only_in_tests());
        }
    }
}

/// The call of another thread that ends a wait.
enum Partner {
    /// Another wait for the same kind of barrier.
    Barrier,
    /// A notification of a condition.
    Condition,
}

impl Partner {
    fn is(&self, facts: &FileFacts, call: &Call) -> bool {
        match self {
            Self::Barrier => is_barrier_wait(facts, call),
            Self::Condition => tables::NOTIFYING.contains(&call.name.as_str()),
        }
    }
}

/// Whether the call waits at a barrier or for a condition.
pub(super) fn is_wait(facts: &FileFacts, call: &Call) -> bool {
    partner(facts, call).is_some()
}

/// Returns the call that ends the wait; `None` if the call is not such a wait.
fn partner(facts: &FileFacts, call: &Call) -> Option<Partner> {
    if is_barrier_wait(facts, call) {
        return Some(Partner::Barrier);
    }
    // A child and a barrier have no argument.
    if tables::CONDITION_WAITS.contains(&(call.name.as_str(), call.arguments.len()))
        && call.receiver.is_some()
        && !call.awaited
    {
        return Some(Partner::Condition);
    }
    None
}

fn is_barrier_wait(facts: &FileFacts, call: &Call) -> bool {
    call.name == "wait"
        && call.arguments.is_empty()
        && call.receiver.as_ref().is_some_and(|on| is_barrier(facts, on, 0))
}

fn is_barrier(facts: &FileFacts, value: &Value, depth: usize) -> bool {
    let by_type =
        value.ty.as_ref().and_then(|ty| ty.foreign_path()).is_some_and(|path| tables::ends_with(path, tables::BARRIER));
    by_type
        || facts.maker(value).is_some_and(|maker| {
            tables::ends_with(&maker.path, tables::BARRIER_MAKER)
                || depth < MAX_DEPTH && maker.arguments.iter().any(|inner| is_barrier(facts, inner, depth + 1))
        })
}

/// Whether a thread or a task of its own runs the body.
fn is_of_thread(facts: &FileFacts, flow: &Flow<'_>, body: BodyId) -> bool {
    let spawner = flow.got_by(body).is_some_and(|call| tables::is_spawning(&facts.calls[call].name));
    spawner && facts.bodies[body].kind != BodyKind::Function
}
