//! Every other wait without a limit in code that a test runs itself, for `unbounded-wait` with `--pedantic`.
//!
//! The test has both sides: a thread or a task that it joins, both ends of a connection, another user of a barrier. Or it opens a
//! connection of the program under test. Such a wait ends unless the test itself, or what it tests, has a defect: then it hangs.

use std::collections::{BTreeSet, HashSet};

use super::gathering;
use super::stream::{has_limit_by_attribute, has_limit_by_each_caller, has_limit_of_object, with_callers};
use crate::config::Config;
use crate::facts::{Call, CallId, FileFacts};
use crate::flow::{self, Flow};
use crate::rule::{Hit, too_deep};
use crate::span::Span;
use crate::tables;

const HELP: &str = "wait with a limit (`recv_timeout`, `tokio::time::timeout`), so that a defect fails the test; a `#[netns_test]` has \
                    a deadline";

/// Finds the waits of the file that have no hit yet.
pub(super) fn check<'f>(facts: &'f FileFacts, config: &Config, flow: &mut Option<Flow<'f>>, hits: &mut Vec<Hit>) {
    if !config.pedantic {
        return;
    }
    let mut reported: BTreeSet<Span> =
        hits.iter().flat_map(|hit| hit.labels.iter().map(|label| label.0).chain([hit.span])).collect();
    let mut objects = HashSet::new();
    for (id, call) in facts.calls.iter().enumerate() {
        if facts.functions[call.function].isolated {
            continue;
        }
        let Some(what) = kind(facts, id, call) else { continue };
        let flow = flow.get_or_insert_with(|| Flow::new(facts));
        let Some((span, name)) = place(facts, flow, id, call) else { continue };
        let is_limited = || {
            flow.is_limited_in_time(id)
                || has_limit_of_object(facts, call.root)
                || has_limit_by_attribute(facts, &with_callers(facts, call.function))
                || has_limit_by_each_caller(facts, flow, call.function)
        };
        // A wait in the thread is the cause.
        let inside = Span { start: call.span.start, end: 0 }..Span { start: call.span.end, end: 0 };
        let is_reported_inside = || reported.range(inside.clone()).any(|other| other.end <= call.span.end);
        let is_excused = reported.contains(&span) || is_reported_inside() || is_limited();
        if flow.took_too_deep() {
            hits.push(too_deep(call).only_in_tests());
            continue;
        }
        if is_excused {
            continue;
        }
        // The waits of one object have one limit; each thread has its own.
        let object = if starts_thread(call) { id } else { call.root };
        if objects.insert((call.function, object, what)) {
            reported.insert(span);
            let message = format!("`{name}` {what} without a limit of time");
            hits.push(Hit::new(call.function, span, message, HELP).pedantic(true));
        }
    }
}

/// Returns what the call may wait for; `None` if it does not wait.
fn kind(facts: &FileFacts, id: CallId, call: &Call) -> Option<&'static str> {
    Some(if starts_thread(call) {
        "waits for a thread or a task"
    } else if is_join(call) {
        "waits for a thread"
    } else if gathering::is_wait(facts, call) {
        "waits for another thread"
    } else if connects(facts, call) {
        "opens a connection, and does so"
    } else if flow::is_wait(facts, id, call) {
        "waits for the other end of a connection"
    } else {
        return None;
    })
}

/// Returns the place where the test waits, and the name of the call there; `None` if the test does not wait for it.
fn place<'f>(facts: &FileFacts, flow: &Flow<'f>, id: CallId, call: &'f Call) -> Option<(Span, &'f str)> {
    if starts_thread(call) {
        let join = flow.join(id).filter(|_| flow.is_waited_for(id))?;
        let name = if facts.written(join) == tables::JOINS[0] { tables::JOINS[0] } else { tables::AWAITING };
        return Some((join, name));
    }
    (is_join(call) || !flow.is_apart(id)).then_some((call.name_span, &call.name))
}

/// Whether the call starts a thread or a task; `spawn` of a command has no argument.
fn starts_thread(call: &Call) -> bool {
    tables::is_spawning(&call.name) && !call.arguments.is_empty()
}

/// Whether the call is `join` of a handle: paths and lists have one of another form.
fn is_join(call: &Call) -> bool {
    tables::JOINS.contains(&call.name.as_str()) && call.receiver.is_some() && call.arguments.is_empty()
}

/// Whether the program under test connects in the call.
fn connects(facts: &FileFacts, call: &Call) -> bool {
    let connects = || call.effects.as_ref().is_some_and(|effects| effects.connects && !effects.limits);
    call.awaited && call.of_run && connects() && !facts.may_be_of_tests(call)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{clean, found_pedantic};

    const RULE: &str = "unbounded-wait";

    #[test]
    fn bad() {
        let rows = [
            ("let t = std::thread::spawn(work); t.join().unwrap();", "`join` waits for a thread or a task"),
            ("let t = thread_of_a_helper(); t.join().unwrap();", "`join` waits for a thread"),
            ("let t = tokio::spawn(work()); t.await.unwrap();", "`await` waits for a thread or a task"),
            ("let b = std::sync::Barrier::new(2); b.wait();", "`wait` waits for another thread"),
            (
                "let l = std::net::TcpListener::bind(a).unwrap(); std::net::TcpStream::connect(a); l.accept().unwrap();",
                "`accept` waits for the other end of a connection",
            ),
        ];
        for (body, expected) in rows {
            let text = format!("#[tokio::test] async fn t() {{ {body} }}");
            let found = found_pedantic(RULE, &text);
            assert!(found.iter().any(|finding| finding.message.starts_with(expected)), "{body}: {found:?}");
        }
    }

    #[test]
    fn each_thread_has_its_own_wait() {
        let text = "#[tokio::test] async fn t() { let a = rt.spawn(x()); let b = rt.spawn(y()); a.await.unwrap(); b.await.unwrap(); }";
        assert_eq!(found_pedantic(RULE, text).len(), 2);
    }

    #[test]
    fn good() {
        clean(RULE, "#[test] fn t() { let t = std::thread::spawn(work); t.join().unwrap(); }");
        let rows = [
            "let t = tokio::spawn(work()); tokio::time::timeout(LIMIT, t).await.unwrap();",
            "let t = tokio::spawn(work()); t.abort(); t.await.unwrap_err();",
            r#"let parts = ["a", "b"].join("/");"#,
        ];
        for body in rows {
            let found = found_pedantic(RULE, &format!("#[tokio::test] async fn t() {{ {body} }}"));
            assert!(found.is_empty(), "{body}: {found:?}");
        }
    }
}
