//! Loops that ask again until a peer is ready, for `unbounded-wait`.

use super::message::is_for_tasks;
use super::stream::{has_limit_by_attribute, has_limit_by_caller, with_callers};
use crate::facts::{Call, CallId, FileFacts, Repeat, SinkKind};
use crate::finding::Confidence;
use crate::flow::{self, Flow};
use crate::rule::{Hit, too_deep};
use crate::tables;

const HELP: &str = "end the loop after a time: compare an `Instant` in it, or put `tokio::time::timeout` around it; \
                    netns-fixtures: `wait_until(deadline, …)`";

/// The maximum number of calls from a condition to the one whose result it tests.
const MAX_DEPTH: usize = 8;

/// The method that looks whether a child has ended.
const TRY_WAIT: &str = "try_wait";

/// Finds loops that pause and ask again, and that nothing ends if the answer never comes.
pub(super) fn check<'f>(facts: &'f FileFacts, flow: &mut Option<Flow<'f>>, hits: &mut Vec<Hit>) {
    for repeat in &facts.repeats {
        let function = &facts.functions[repeat.function];
        let Some(pause) = calls(facts, repeat).find(|id| pauses(&facts.calls[*id])) else { continue };
        let asked = asked(facts, repeat);
        let Some(&first) = asked.first().filter(|_| !function.isolated) else { continue };
        let flow = flow.get_or_insert_with(|| Flow::new(facts));
        let functions = with_callers(facts, repeat.function);
        let is_excused = flow.is_spawned(pause)
            || flow.is_limited_in_time(pause)
            || has_limit_by_attribute(facts, &functions)
            || has_limit_by_caller(facts, flow, repeat.function)
            || is_for_tasks(facts, flow, repeat.function, true);
        if flow.took_too_deep() {
            hits.push(too_deep(&facts.calls[pause]).only_in_tests());
            continue;
        }
        if is_excused {
            continue;
        }
        let reaches = |call: &Call| call.effects.as_ref().is_some_and(|effects| effects.connects || effects.listens);
        let is_networked = facts.calls.iter().any(|call| functions.contains(&call.function) && reaches(call))
            || facts.sinks.iter().any(|sink| functions.contains(&sink.function) && sink.kind.is_contact());
        let of_program = |id: &CallId| {
            let call = &facts.calls[*id];
            is_networked && call.of_run && !facts.may_be_of_tests(call)
        };
        let peer = asked.iter().find(|id| contacts(facts, **id)).or_else(|| asked.iter().find(|id| of_program(id)));
        let name = &facts.calls[*peer.unwrap_or(&first)].name;
        let message = format!("the loop asks `{name}` again and again, without a limit of time");
        let hit = Hit::new(repeat.function, repeat.span, message, HELP).pedantic(peer.is_none() || function.ignored);
        hits.push(if peer.is_some() { hit } else { hit.confidence(Confidence::Low) }.only_in_tests());
    }
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
fn asked(facts: &FileFacts, repeat: &Repeat) -> Vec<CallId> {
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
fn contacts(facts: &FileFacts, id: CallId) -> bool {
    let call = &facts.calls[id];
    let is_it = |sink: &&crate::facts::Sink| sink.call == Some(id) || sink.through.is_some() && sink.span == call.span;
    call.effects.as_ref().is_some_and(|effects| effects.connects)
        || flow::contacts(facts, id)
        || facts.sinks.iter().filter(is_it).any(|sink| sink.kind == SinkKind::Connect)
        || call.awaited && tables::SENDING_REQUESTS.contains(&call.name.as_str())
        || call.name == TRY_WAIT && facts.command_behind(id).is_some()
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{clean, each_clean, each_found, found_pedantic};

    const RULE: &str = "unbounded-wait";
    const FRAME: &str = "use std::net::TcpStream; use std::process::Command; use std::thread; #[test] fn f(at: A, pause: Duration) { {} }";

    #[test]
    fn loops_that_ask_a_peer_until_it_answers() {
        each_found(
            RULE,
            FRAME,
            &[
                "while TcpStream::connect(at).is_err() { thread::sleep(pause); }",
                "loop { if TcpStream::connect(at).is_ok() { break; } thread::sleep(pause); }",
                "let s = loop { match TcpStream::connect(at) { Ok(s) => break s, Err(_) => thread::sleep(pause) } };",
                "while let Err(_) = TcpStream::connect(at) { thread::yield_now(); }",
                "loop { if let Ok(s) = TcpStream::connect(at) { return; } std::thread::sleep(pause); }",
                "let mut c = Command::new(\"server\").spawn().unwrap(); loop { if let Some(s) = c.try_wait().unwrap() { break; } thread::sleep(pause); }",
            ],
        );
        let helper = "async fn ready(at: A) { loop { if reqwest::get(at).await.is_ok() { return; } tokio::time::sleep(pause).await; } } \
            #[tokio::test] async fn f() { ready(at()).await; }";
        each_found(RULE, "{}", &[helper]);
        let public =
            "pub fn ready(at: A) { while std::net::TcpStream::connect(at).is_err() { std::thread::sleep(pause); } }";
        each_found(RULE, "{}", &[public]);
    }

    #[test]
    fn loops_with_an_end() {
        each_clean(
            RULE,
            FRAME,
            &[
                "let start = Instant::now(); while TcpStream::connect(at).is_err() { assert!(start.elapsed() < limit()); thread::sleep(pause); }",
                "let mut tries = 0; while TcpStream::connect(at).is_err() { tries += 1; if tries > 50 { panic!() } thread::sleep(pause); }",
                "let mut tries = 0; while TcpStream::connect(at).is_err() { tries += 1; assert!(tries < 50); thread::sleep(pause); }",
                "let mut left = 50; loop { match TcpStream::connect(at) { Ok(_) => break, Err(_) if left == 0 => panic!(), Err(_) => { left -= 1; thread::sleep(pause) } } }",
                "for _ in 0..50 { if TcpStream::connect(at).is_ok() { break; } thread::sleep(pause); }",
                "thread::spawn(move || loop { if TcpStream::connect(at).is_ok() { break; } thread::sleep(pause); });",
                "while !pauses.is_empty() { if TcpStream::connect(at).is_ok() { break; } thread::sleep(pauses.pop().unwrap()); }",
                "loop { TcpStream::connect(at).unwrap(); thread::sleep(pause); }",
            ],
        );
        let limited = "async fn ready(at: A) { loop { if reqwest::get(at).await.is_ok() { return; } tokio::time::sleep(pause).await; } } \
            #[tokio::test] async fn f() { tokio::time::timeout(limit, ready(at())).await; }";
        clean(RULE, limited);
        let flag = "#[test] fn f(done: &AtomicBool) { while !done.load(Relaxed) { std::thread::sleep(pause); } }";
        clean(RULE, flag);
        assert_eq!(found_pedantic(RULE, flag).len(), 1);
    }
}
