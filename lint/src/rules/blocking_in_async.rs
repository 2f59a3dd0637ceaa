//! # blocking-in-async
//!
//! Reports calls that block their thread inside `async` code: `thread::sleep`, the blocking client of reqwest,
//! `block_on`.
//!
//! ## Why is this bad?
//! The runtime of a test has one thread by default. While it sleeps, nothing else of the test runs: neither the server
//! that the test talks to, nor the timeout around it. The other two calls panic inside a runtime, or wait for
//! themselves.
//!
//! ## Bad
//! ```text
//! #[tokio::test]
//! async fn reconnects() { std::thread::sleep(Duration::from_secs(1)); … }
//! ```
//!
//! ## Good
//! ```text
//! tokio::time::sleep(Duration::from_secs(1)).await;
//! tokio::task::spawn_blocking(|| measure()).await?;
//! ```
//!
//! ## Limits
//! Pedantic: `join` of a thread and `to_socket_addrs`, which mostly return soon. What stands in a closure may run elsewhere
//! and is left alone. Blocking calls of functions that the test calls are not followed.
//!
//! ## References
//! tokio, "CPU-bound tasks and blocking code".

use crate::config::Config;
use crate::facts::{Call, FileFacts};
use crate::rule::Hit;
use crate::tables;

/// Finds the hazard in one file.
pub(crate) fn check(facts: &FileFacts, _config: &Config, hits: &mut Vec<Hit>) {
    for call in facts.calls.iter().filter(|call| call.surroundings.asynchronous && !call.surroundings.closure) {
        let known = tables::BLOCKING.iter().find(|(path, _)| tables::ends_with(&call.path, path));
        if let Some((path, help)) = known {
            let short = path.rsplit("::").take(2).collect::<Vec<_>>();
            let message =
                format!("`{}::{}` blocks the thread that runs everything else of this test", short[1], short[0]);
            hits.push(Hit::new(call.function, call.span, message, *help));
        } else if blocks_on(facts, call) {
            let message = "`block_on` panics inside of a runtime";
            hits.push(Hit::new(call.function, call.span, message, "await the future"));
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

/// Whether the call drives a future by a runtime of tokio, or by the handle of one.
fn blocks_on(facts: &FileFacts, call: &Call) -> bool {
    let Some(receiver) = call.receiver.as_ref().filter(|_| call.name == "block_on" && call.path.is_empty()) else {
        return false;
    };
    let is_runtime = |path: &str| path.starts_with("tokio::runtime::");
    is_runtime(receiver.ty.as_ref().and_then(|ty| ty.foreign_path()).unwrap_or_default())
        || facts.maker(receiver).is_some_and(|maker| is_runtime(&maker.path))
}

/// Whether the call waits for a thread of the operating system.
fn joins_thread(facts: &FileFacts, call: &Call) -> bool {
    let maker = call.receiver.as_ref().and_then(|receiver| receiver.call).map(|made| &facts.calls[made].path);
    let is_handle = || call.receiver.as_ref().is_some_and(|receiver| receiver.is_of(&["std::thread::JoinHandle"]));
    call.name == "join"
        && !call.awaited
        && call.arguments.is_empty()
        && (maker.is_some_and(|path| tables::ends_with(path, "std::thread::spawn")) || is_handle())
}
