//! Waits for messages and events of a peer, for `unbounded-wait`.

use super::stream;
use crate::config::Config;
use crate::facts::{Call, CallId, FileFacts};
use crate::flow::{self, Flow};
use crate::rule::{Hit, too_deep};
use crate::tables;
use crate::value::Value;

const HELP: &str =
    "put `tokio::time::timeout` around it, so that a lost message fails the test; a `#[netns_test]` has a deadline";

/// Finds waits for a message or an event in code that a test runs itself. Spawned tasks end with the test.
pub(super) fn check<'f>(facts: &'f FileFacts, config: &Config, flow: &mut Option<Flow<'f>>, hits: &mut Vec<Hit>) {
    for (id, call) in facts.calls.iter().enumerate() {
        let function = &facts.functions[call.function];
        let is_race = is_race_in_loop(facts, id, call);
        let is_ready = flow::is_ready(call);
        let is_message = !is_ready && tables::RECEIVING.contains(&call.name.as_str());
        let is_item = !is_ready && tables::NEXT_ITEM.contains(&call.name.as_str());
        // Whatever opens a connection or reads may wait, and mostly for a server of the test.
        let is_opening = config.pedantic && !is_ready && call.awaited && tables::OPENING.contains(&call.name.as_str());
        let is_wait = (is_message || is_item)
            && call.receiver.is_some()
            && (is_awaited(facts, id) || blocks_for_message(facts, call));
        let on_stream = flow::is_wait(facts, id, call)
            .then(|| stream::wait(facts, flow.get_or_insert_with(|| Flow::new(facts)), id, call))
            .flatten();
        if on_stream.is_none() && !is_race && !is_wait && (!is_opening || tables::waits_for_peer(&call.path)) {
            continue;
        }
        let what = match (&on_stream, is_race, is_wait) {
            (Some(wait), _, _) => wait.what,
            (_, true, _) => "repeats a wait for the first of several events",
            (_, _, true) => "waits for a message or an event",
            _ => "may wait for a peer, and does so",
        };
        // A race of channels, and a wait for one, ends with the senders.
        let is_own = if is_race {
            call.arguments.iter().all(|future| future.call.is_some_and(|wait| is_own(facts, &facts.calls[wait])))
        } else {
            is_item && !is_stream_of_program(facts, call) || !is_wait || is_own(facts, call)
        };
        let flow = flow.get_or_insert_with(|| Flow::new(facts));
        let is_of_tests = |flow: &Flow<'_>| {
            (is_own || !may_have_peer(facts, call) || flow.is_spawned(id)) && !is_sent_by_program(facts, flow, call)
        };
        let is_pedantic = if on_stream.is_some() { stream::is_checked(facts, flow, id) } else { is_of_tests(flow) };
        let by_itself = call.effects.as_ref().is_some_and(|effects| effects.limits);
        let is_limited = || by_itself || flow.is_limited_in_time(id) || stream::has_limit_of_object(facts, call.root);
        let is_excused = function.isolated
            || flow.is_apart(id)
            || is_for_tasks(facts, flow, call.function, !call.surroundings.is_repeated())
            || is_limited();
        if flow.took_too_deep() {
            hits.push(too_deep(call).only_in_tests());
            continue;
        }
        if is_excused {
            continue;
        }
        let message = format!("`{}` {what} without a limit of time", call.name);
        hits.push(
            Hit::new(call.function, call.name_span, message, on_stream.map_or(HELP, |wait| wait.help))
                .pedantic(is_pedantic || function.ignored)
                .only_in_tests(),
        );
    }
}

/// Whether the result of the call is awaited, possibly by a future that adapts it: `peer.recv().map(check).await`.
fn is_awaited(facts: &FileFacts, id: CallId) -> bool {
    let mut at = id;
    for _ in 0..MAX_ADAPTERS {
        if facts.calls[at].awaited {
            return true;
        }
        let adapts = |(_, other): &(CallId, &Call)| {
            let of_it = other.receiver.as_ref().is_some_and(|receiver| receiver.call == Some(at));
            of_it && tables::ADAPTING.contains(&other.name.as_str())
        };
        let Some((next, _)) = facts.calls_from(at).skip(1).find(adapts) else { return false };
        at = next;
    }
    false
}

/// The maximum number of adapters of one future.
const MAX_ADAPTERS: usize = 4;

/// Whether the call is a race that a loop repeats, and neither an arm nor the rest of the loop checks a clock.
fn is_race_in_loop(facts: &FileFacts, id: CallId, call: &Call) -> bool {
    if !call.name.ends_with('!')
        || !tables::SELECTS.contains(&call.name.trim_end_matches('!'))
        || !call.surroundings.is_repeated()
    {
        return false;
    }
    let is_known = call.arguments.iter().all(|future| future.call.is_some());
    let looks = |other: &Call| {
        let by_name = || tables::CLOCKS.contains(&other.name.as_str());
        let is_clock = other.effects.as_ref().map_or_else(by_name, |effects| effects.clock);
        other.function == call.function && (is_clock || other.is_limit())
    };
    is_known && !facts.calls[facts.calls_around(id)].iter().any(looks)
}

/// Whether the function contacts a peer, or receives an object that may. All other waits are for the test's own tasks.
fn may_have_peer(facts: &FileFacts, wait: &Call) -> bool {
    let function = wait.function;
    let reaches = |call: &Call| {
        let effects = call.effects.as_ref().is_some_and(|effects| effects.connects || effects.listens);
        effects || tables::names_contact(&call.path, &call.name)
    };
    let objects = wait.receiver.iter().chain(&wait.arguments);
    let of_caller = |value: &Value| !value.parameters.is_empty();
    objects.into_iter().any(|value| {
        of_caller(value) || facts.maker(value).is_some_and(|maker| maker.receiver.as_ref().is_some_and(of_caller))
    }) || facts.sinks.iter().any(|sink| sink.function == function && sink.kind.is_contact())
        || facts.calls.iter().any(|call| call.function == function && reaches(call))
}

/// Whether the call waits for a channel in memory, or for a datagram at a socket of the test.
fn is_own(facts: &FileFacts, wait: &Call) -> bool {
    let ty = wait.receiver.as_ref().and_then(|receiver| receiver.ty.as_ref());
    is_channel_in_sight(facts, wait)
        || ty
            .and_then(|ty| ty.foreign_path())
            .is_some_and(|path| tables::is_receiver(path) || tables::is_datagram(path))
}

/// Whether the call blocks its thread until a message comes by a channel of the standard library or its like.
pub(super) fn blocks_for_message(facts: &FileFacts, wait: &Call) -> bool {
    let receiver = wait.receiver.as_ref();
    let maker = receiver.and_then(|receiver| facts.maker(receiver));
    let ty = receiver.and_then(|receiver| receiver.ty.as_ref()?.foreign_path());
    let is_blocking = |path: &str| tables::BLOCKING_CHANNELS.iter().any(|known| path.starts_with(known));
    wait.name == "recv"
        && wait.arguments.is_empty()
        && (maker.is_some_and(|maker| is_blocking(&maker.path)) || ty.is_some_and(is_blocking))
}

/// Whether code of the program under test got the other half of the channel, a closure that sends, or the object that it
/// has to notify, and that code, or a method of the object that it makes before the wait, works in the background or with a
/// peer: if it fails or forgets, the wait does not end.
fn is_sent_by_program(facts: &FileFacts, flow: &Flow<'_>, wait: &Call) -> bool {
    let Some(root) = wait.receiver.as_ref().and_then(|receiver| receiver.call).map(|call| facts.calls[call].root)
    else {
        return false;
    };
    let made = &facts.calls[root];
    let is_object = made.name.ends_with("channel")
        || tables::CHANNELS.contains(&made.name.as_str())
        || tables::NOTIFIERS.iter().any(|known| tables::ends_with(&made.path, known));
    if !is_object {
        return false;
    }
    let is_it = |value: &Value| value.call.is_some_and(|call| facts.calls[call].root == root);
    let is_of_program = |call: &Call| call.of_run && !facts.may_be_of_tests(call);
    let here = || facts.calls.iter().enumerate().filter(|(_, call)| call.function == wait.function);
    let gets = |call: &Call| {
        let inside = |value: &Value| value.fields.iter().any(|(_, field)| is_it(field));
        is_of_program(call) && call.arguments.iter().any(|value| is_it(value) || inside(value))
    };
    let sends = |call: &Call| {
        let names = [tables::NOTIFYING, tables::SENDING];
        names.iter().any(|names| names.contains(&call.name.as_str())) && call.receiver.as_ref().is_some_and(is_it)
    };
    // The call that gets the callback around the call `id`, which sends only if the program runs it.
    let taker_of = |id: CallId| {
        let mut next = flow.place(id).map(|place| place.body);
        for _ in 0..MAX_ADAPTERS {
            let body = next?;
            let taker = flow.got_by(body).filter(|call| is_of_program(&facts.calls[*call]));
            if taker.is_some() {
                return taker;
            }
            next = flow.made(body).map(|place| place.body);
        }
        None
    };
    let Some(by_callback) =
        here().filter(|(_, call)| sends(call)).map(|(id, _)| taker_of(id)).collect::<Option<Vec<_>>>()
    else {
        return false;
    };
    let takers: Vec<CallId> = here().filter(|(_, call)| gets(call)).map(|(id, _)| id).chain(by_callback).collect();
    let works = |(id, call): (CallId, &Call)| {
        let effects = call.effects.as_ref();
        let before = call.receiver.as_ref().and_then(|receiver| receiver.call).map(|before| facts.calls[before].root);
        let is_later = |taker: CallId| taker < id && call.span.end <= wait.span.start;
        let has_it = |taker: &CallId| {
            *taker == id || is_later(*taker) && before.is_some_and(|before| before == facts.calls[*taker].root)
        };
        is_of_program(call)
            && effects.is_some_and(|effects| effects.connects || effects.listens || effects.spawns)
            && takers.iter().any(has_it)
    };
    here().any(works)
}

/// Whether the program under test made the stream of items, and works with a peer or in the background.
fn is_stream_of_program(facts: &FileFacts, wait: &Call) -> bool {
    let maker = wait.receiver.as_ref().and_then(|receiver| facts.maker(receiver));
    wait.awaited
        && tables::STREAM_ITEMS.contains(&wait.name.as_str())
        && maker.is_some_and(|maker| {
            let effects = maker.effects.as_ref();
            maker.of_run
                && !facts.may_be_of_tests(maker)
                && effects.is_some_and(|effects| effects.connects || effects.listens)
        })
}

/// Whether the function itself has made the channel: its senders are in the test, and the wait ends with them.
fn is_channel_in_sight(facts: &FileFacts, call: &Call) -> bool {
    let maker = call.receiver.as_ref().and_then(|receiver| facts.maker(receiver));
    maker.is_some_and(|maker| maker.name.ends_with("channel") || tables::CHANNELS.contains(&maker.name.as_str()))
}

/// Whether the function runs in tasks of its own: a caller in the file, near or far, spawns it, or somebody gets it by its
/// name. A public function that `may_help` is mostly a helper of tests in other files, if nothing here calls it.
pub(super) fn is_for_tasks(facts: &FileFacts, flow: &Flow<'_>, function: usize, may_help: bool) -> bool {
    let mut functions = vec![function];
    let mut next = 0;
    while let Some(&function) = functions.get(next) {
        next += 1;
        let called = &facts.functions[function];
        if called.run_by_harness || called.name == "main" {
            continue;
        }
        let mut callers = facts.calls_of(function).peekable();
        // Functions that nothing here calls are mostly handlers, which a server calls.
        let is_helper = called.public && may_help;
        if flow.is_handed(function) || callers.peek().is_none() && !is_helper {
            return true;
        }
        for (id, call) in callers {
            if flow.is_apart(id) {
                return true;
            }
            if !functions.contains(&call.function) {
                functions.push(call.function);
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{clean, each_clean, each_found, found_pedantic};

    const FRAME: &str =
        "use tokio::time::timeout; #[tokio::test] async fn f(mut peer: Peer, mut other: Peer, limit: Duration) { {} }";
    const RULE: &str = "unbounded-wait";

    #[test]
    fn bad() {
        each_found(
            RULE,
            FRAME,
            &[
                "let received = peer.recv().await.unwrap();",
                "let mut rx = peer.subscribe(); rx.recv().await.unwrap();",
                "loop { tokio::select! { _ = peer.next_event() => {}, event = other.next_event() => if done(event) { break } } }",
                "while !done() { tokio::select! { _ = peer.next_event() => {}, _ = other.next_event() => {} } }",
            ],
        );
        let helper = "async fn talk(mut peer: Peer) { peer.recv().await.unwrap(); } #[tokio::test] async fn f() { talk(peer()).await; }";
        assert_eq!(found_pedantic(RULE, helper).len(), 1);
    }

    #[test]
    fn channels_in_memory_and_own_sockets_are_pedantic() {
        let uses = "use tokio::sync::{broadcast, mpsc}; use tokio::net::UdpSocket;";
        for code in [
            "async fn next(rx: &mut mpsc::Receiver<u8>) { connect(peer()).await; rx.recv().await; } #[tokio::test] async fn f() { next(rx()).await; }",
            "struct S { rx: mpsc::UnboundedReceiver<u8> } impl S { async fn next(&mut self) { self.rx.recv().await; } } #[tokio::test] async fn f() { s().next().await; }",
            "#[tokio::test] async fn f(mut rx: broadcast::Receiver<u8>) { rx.recv().await; }",
            "#[tokio::test] async fn f(rx: flume::Receiver<u8>) { rx.recv().await; }",
            "#[tokio::test] async fn f() { connect(peer()).await; let (tx, mut rx) = mpsc::channel(1); rx.recv().await; }",
            "#[tokio::test] async fn f() { connect(peer()).await; let (a, mut b) = mpsc::channel(1); let (c, mut d) = mpsc::channel(1); loop { tokio::select! { _ = b.recv() => {}, _ = d.recv() => {} } } }",
            "#[tokio::test] async fn f(socket: UdpSocket) { socket.recv(&mut buffer).await; }",
        ] {
            let code = format!("{uses} {code}");
            clean(RULE, &code);
            assert!(!found_pedantic(RULE, &code).is_empty(), "{code}");
        }
    }

    #[test]
    fn an_own_method_counts_if_its_body_may_wait() {
        let test = |of_method: &str| {
            format!(
                "struct Peer {{ all: Vec<u8>, rx: Rx }} impl Peer {{ {of_method} }} \
                 #[tokio::test] async fn f() {{ connect(address()).await; let mut peer = Peer {{ all: all(), rx: rx() }}; peer.recv().await; }}"
            )
        };
        let receives = |code: &str| {
            found_pedantic(RULE, code).iter().filter(|finding| finding.message.starts_with("`recv`")).count()
        };
        for ready in [
            "async fn recv(&mut self) -> Option<u8> { self.all.pop() }",
            "async fn recv(&mut self) -> Option<u8> { self.first().await } async fn first(&mut self) -> Option<u8> { self.all.pop() }",
        ] {
            assert_eq!(receives(&test(ready)), 0, "{ready}");
        }
        for waits in [
            "async fn recv(&mut self) -> Option<u8> { self.rx.changed().await }",
            "async fn recv(&mut self) -> Option<u8> { self.rx.recv() }",
            "fn recv(&mut self) -> Reply { self.rx.reply() }",
        ] {
            assert_ne!(receives(&test(waits)), 0, "{waits}");
        }
    }

    #[test]
    fn a_task_is_found_behind_several_callers() {
        clean(
            RULE,
            "async fn one(mut peer: Peer) { peer.recv().await; } async fn all(peer: Peer) { one(peer).await; } \
             #[tokio::test] async fn f() { tokio::spawn(all(peer())); }",
        );
        clean(RULE, "async fn handler(mut peer: Peer) { peer.recv().await; }");
    }

    #[test]
    fn good() {
        each_clean(
            RULE,
            FRAME,
            &[
                "timeout(limit, peer.recv()).await.unwrap();",
                "timeout(limit, async { peer.recv().await }).await.unwrap();",
                "tokio::spawn(async move { peer.recv().await });",
                "tokio::select! { _ = peer.recv() => {}, _ = tokio::time::sleep(limit) => {} }",
                "loop { tokio::select! { _ = peer.next_event() => {}, _ = tokio::time::sleep(limit) => break } }",
                "let (tx, mut rx) = tokio::sync::mpsc::channel(1); tokio::spawn(work(tx)); rx.recv().await;",
            ],
        );
        clean(
            RULE,
            "async fn serve(mut peer: Peer) { peer.recv().await; } #[tokio::test] async fn f() { tokio::spawn(serve(peer())); }",
        );
        clean(RULE, "#[netns_test] async fn f(mut peer: Peer) { peer.recv().await; }");
    }
}
