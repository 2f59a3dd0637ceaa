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
//! A call inside a closure may run elsewhere and is not reported. Blocking calls in functions that the test calls are
//! not followed.
//!
//! ## References
//! tokio, "CPU-bound tasks and blocking code".

use crate::config::Config;
use crate::facts::FileFacts;
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
        }
    }
}
