//! # blocking-in-async
//!
//! Reports calls that block their thread inside `async` code: `thread::sleep`, the blocking client of reqwest,
//! `block_on`; and loops that call and await nothing, for ever: `loop {}`.
//!
//! ## Why is this bad?
//! The runtime of a test has one thread by default. While it sleeps, no other task of the test runs, for example the server
//! that the test talks to. The other two calls panic inside a runtime, or wait for
//! themselves.
//!
//! ## Bad
//! ```text
//! #[tokio::test]
//! async fn reconnects() { tokio::spawn(serve()); std::thread::sleep(Duration::from_secs(1)); … }
//! ```
//!
//! ## Good
//! ```text
//! tokio::time::sleep(Duration::from_secs(1)).await;
//! tokio::task::spawn_blocking(|| measure()).await?;
//! ```
//!
//! ## Limits
//! A sleep, or a `recv` of a channel for threads, counts if the runtime of the function certainly has one thread and another
//! task: an earlier call has started one that nothing awaits before the sleep, or the sleep is in a task or in a `join!`
//! itself; for `recv`, such a task must have the sender. Each other one is pedantic: child processes and threads go on
//! meanwhile. Pedantic, too: `join` of a thread and `to_socket_addrs`, which mostly return soon. Code in a closure may run
//! elsewhere and is left alone. Blocking calls of functions that the test calls are not followed.
//!
//! ## References
//! tokio, "CPU-bound tasks and blocking code". Requests for this lint: rust-lang/rust-clippy#4377,
//! rust-lang/rust-clippy#10794.

use super::message::blocks_for_message;
use crate::config::Config;
use crate::facts::{Call, CallId, FileFacts};
use crate::flow;
use crate::ir::Step;
use crate::rule::Hit;
use crate::span::Span;
use crate::tables;
use crate::value::Value;

/// Finds the hazard in one file.
pub(crate) fn check(facts: &FileFacts, _config: &Config, hits: &mut Vec<Hit>) {
    for (function, keyword) in &facts.spins {
        let message = "the loop does nothing for ever, and keeps a thread of the runtime busy";
        let help = "await `std::future::pending()`, or the end of what the program waits for";
        hits.push(Hit::new(*function, *keyword, message, help));
    }
    let is_async = |call: &Call| call.surroundings.asynchronous && !call.surroundings.closure;
    for (id, call) in facts.calls.iter().enumerate().filter(|(_, call)| is_async(call)) {
        let known = tables::BLOCKING.iter().find(|(path, _)| tables::ends_with(&call.path, path));
        if let Some((path, help)) = known {
            let short = path.rsplit("::").take(2).collect::<Vec<_>>();
            let sleeps = tables::SLEEPING.iter().any(|sleep| tables::ends_with(path, sleep));
            let is_pedantic = sleeps && !has_others(facts, id);
            let what = if is_pedantic {
                "the thread of its runtime"
            } else {
                "the thread that runs everything else of this test"
            };
            let message = format!("`{}::{}` blocks {what}", short[1], short[0]);
            hits.push(Hit::new(call.function, call.span, message, *help).pedantic(is_pedantic));
        } else if blocks_on(facts, call) {
            let message = "`block_on` panics inside of a runtime";
            hits.push(Hit::new(call.function, call.span, message, "await the future"));
        } else if blocks_for_message(facts, call) && !call.awaited {
            let is_pedantic = !has_others(facts, id) || !is_sent_by_task(facts, call);
            let what = if is_pedantic { "the thread of its runtime" } else { "the thread that its sender needs" };
            let message = format!("`recv` of a channel for threads blocks {what}");
            let help = "await the receiver of a channel of the runtime, for example `tokio::sync::mpsc`";
            hits.push(Hit::new(call.function, call.span, message, help).pedantic(is_pedantic));
        } else if joins_thread(facts, call) {
            let message = "`join` blocks the thread that runs everything else of this test, until another thread ends";
            let help =
                "await a channel that the thread sends to at its end, or join it in `tokio::task::spawn_blocking`";
            // A test mostly has its runtime for itself, or has seen that the thread is done.
            hits.push(Hit::new(call.function, call.span, message, help).pedantic(true));
        } else if tables::RESOLVES_BLOCKING.contains(&call.name.as_str()) && call.path.is_empty() {
            let message =
                "`to_socket_addrs` asks a resolver and blocks the thread that runs everything else of this test";
            hits.push(Hit::new(call.function, call.span, message, "await `tokio::net::lookup_host`").pedantic(true));
        }
    }
}

/// Whether the only thread of the runtime has another task at the call: one that an earlier call has started and that
/// nothing has awaited, or the test itself, which has started the task or joins the block of the call.
fn has_others(facts: &FileFacts, id: CallId) -> bool {
    let call = &facts.calls[id];
    let is_task = |(other, made): (CallId, &Call)| {
        let by_helper = || made.effects.as_ref().is_some_and(|effects| effects.tasks);
        made.function == call.function
            && (made.span.end <= call.span.start || made.span.covers(call.span))
            && (flow::starts_task(facts, other) || by_helper())
            && !has_ended(facts, other, call)
    };
    facts.functions[call.function].single_threaded
        && (facts.enclosed_by(id, is_join) || facts.calls_around(id).map(|at| (at, &facts.calls[at])).any(is_task))
}

/// Whether the macro of this name runs its blocks side by side on one thread: `join!` or `try_join!`.
fn is_join(name: &str) -> bool {
    name.ends_with("join!")
}

/// Whether a task of the runtime, or another block of a `join!`, gets or uses the other end of the channel.
fn is_sent_by_task(facts: &FileFacts, wait: &Call) -> bool {
    let Some(channel) = wait.receiver.as_ref().and_then(|receiver| receiver.call).map(|made| facts.calls[made].root)
    else {
        return false;
    };
    let is_end = |value: &Value| value.call.is_some_and(|call| facts.calls[call].root == channel);
    let has_end = |call: &&Call| call.span != wait.span && call.receiver.iter().chain(&call.arguments).any(is_end);
    let is_concurrent = |(id, call): (CallId, &Call)| flow::starts_task(facts, id) || is_join(&call.name);
    let all = || facts.calls.iter().enumerate().filter(|(_, call)| call.function == wait.function);
    let spans: Vec<Span> = all().filter(|both| is_concurrent(*both)).map(|(_, call)| call.span).collect();
    let mut users = all().map(|(_, call)| call).filter(has_end);
    users.any(|user| spans.iter().any(|span| span.covers(user.span)))
}

/// Whether the task that `start` has started is awaited or aborted before the call.
fn has_ended(facts: &FileFacts, start: CallId, call: &Call) -> bool {
    let is_before =
        |of: CallId| facts.calls[of].root == facts.calls[start].root && facts.calls[of].span.end <= call.span.start;
    let steps = facts.bodies.iter().flat_map(|body| &body.blocks).flat_map(|block| &block.steps);
    steps.into_iter().any(|step| match *step {
        Step::Await { of: Some(of), span } => {
            flow::starts_task(facts, start) && is_before(of) && span.end <= call.span.start
        }
        Step::Call(of) => facts.calls[of].name == "abort" && is_before(of),
        _ => false,
    })
}

/// Whether the call drives a future by a runtime of tokio, or by the handle of one.
fn blocks_on(facts: &FileFacts, call: &Call) -> bool {
    let Some(receiver) = call.receiver.as_ref().filter(|_| call.name == "block_on" && call.path.is_empty()) else {
        return false;
    };
    let is_runtime = |path: &str| path.starts_with(tables::TOKIO_RUNTIMES);
    is_runtime(receiver.ty.as_ref().and_then(|ty| ty.foreign_path()).unwrap_or_default())
        || facts.maker(receiver).is_some_and(|maker| is_runtime(&maker.path))
}

/// Whether the call waits for a thread of the operating system.
fn joins_thread(facts: &FileFacts, call: &Call) -> bool {
    let maker = call.receiver.as_ref().and_then(|receiver| receiver.call).map(|made| &facts.calls[made].path);
    let is_handle = || call.receiver.as_ref().is_some_and(|receiver| receiver.is_of(&[tables::THREAD_HANDLE]));
    call.name == "join"
        && !call.awaited
        && call.arguments.is_empty()
        && (maker.is_some_and(|path| tables::ends_with(path, tables::THREAD_STARTER)) || is_handle())
}
