//! Loops that ask again until a peer is ready, for `unbounded-wait`.

use super::message::is_for_tasks;
use super::stream::{has_limit_by_attribute, has_limit_by_caller, with_callers};
use crate::facts::{Call, CallId, FileFacts};
use crate::finding::Confidence;
use crate::flow::{Flow, asked, asks_peer, pause};
use crate::rule::{Hit, too_deep};

const HELP: &str = "end the loop after a time: compare an `Instant` in it, or put `tokio::time::timeout` around it; \
                    netns-fixtures: `wait_until(deadline, …)`";

const HELP_FOR_CALLEE: &str = "put `tokio::time::timeout` around the call, or let its caller choose how often and how long it asks; \
                              a `#[netns_test]` has a deadline";

/// Finds loops that pause and ask again, and that nothing ends if the answer never comes.
pub(super) fn check<'f>(facts: &'f FileFacts, flow: &mut Option<Flow<'f>>, hits: &mut Vec<Hit>) {
    for repeat in &facts.repeats {
        let function = &facts.functions[repeat.function];
        let Some(pause) = pause(facts, repeat) else { continue };
        let asked = asked(facts, repeat);
        let Some(&first) = asked.first().filter(|_| !function.isolated) else { continue };
        let flow = flow.get_or_insert_with(|| Flow::new(facts));
        let functions = with_callers(facts, repeat.function);
        let is_excused = flow.is_apart(pause)
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
        let peer = asked.iter().find(|id| asks_peer(facts, **id)).or_else(|| asked.iter().find(|id| of_program(id)));
        let name = &facts.calls[*peer.unwrap_or(&first)].name;
        let message = format!("the loop asks `{name}` again and again, without a limit of time");
        let hit = Hit::new(repeat.function, repeat.span, message, HELP).pedantic(peer.is_none() || function.ignored);
        hits.push(if peer.is_some() { hit } else { hit.confidence(Confidence::Low) }.only_in_tests());
    }
    retries(facts, flow, hits);
}

/// Finds calls of the program under test that ask a peer again until it answers. A loop of the tests themselves has its own
/// finding.
fn retries<'f>(facts: &'f FileFacts, flow: &mut Option<Flow<'f>>, hits: &mut Vec<Hit>) {
    let retries = |call: &Call| call.effects.as_ref().is_some_and(|effects| effects.retries);
    for (id, call) in facts.calls.iter().enumerate().filter(|(_, call)| retries(call)) {
        let function = &facts.functions[call.function];
        if function.isolated || facts.may_be_of_tests(call) || facts.defined_here(call).is_some() {
            continue;
        }
        let flow = flow.get_or_insert_with(|| Flow::new(facts));
        let functions = with_callers(facts, call.function);
        let is_excused = flow.is_apart(id)
            || flow.is_limited_in_time(id)
            || has_limit_by_attribute(facts, &functions)
            || has_limit_by_caller(facts, flow, call.function)
            || is_for_tasks(facts, flow, call.function, true);
        if flow.took_too_deep() {
            hits.push(too_deep(call).only_in_tests());
        } else if !is_excused {
            let message = format!("`{}` asks its peer again and again, without a limit of time", call.name);
            hits.push(
                Hit::new(call.function, call.name_span, message, HELP_FOR_CALLEE)
                    .pedantic(function.ignored)
                    .only_in_tests(),
            );
        }
    }
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
