//! The `#[netns_test]` attribute of `netns-fixtures`; it contains syntax only.
//!
//! The crate reads tokens and writes tokens. The run-time behaviour of a test, from the namespaces to the deadline, is in
//! `netns_fixtures::__private`; the expansion (`expand`) is one declaration and one call into it.
//!
//! Invariants: A user's mistake causes one error, at the wrong token; the error lists the valid options from the table that the
//! parser uses. An invalid function is still emitted (`fallback`), so that uses of it do not cause a second error. None of this
//! macro's tokens has a span that a lint of the user's crate would take for the user's own code.

mod arguments;
mod expand;
mod fallback;
mod function;
mod mistake;
mod requirement;
mod value;

use proc_macro::TokenStream;

/// Runs a test in a process inside its own user, network, mount, pid, ipc and uts namespaces, under a deadline.
///
/// Goes on `fn` and `async fn` without generics, in integration tests, unit tests and nested modules. The return type is any type
/// that implements [`Termination`](std::process::Termination). Documentation, `#[cfg]`, `#[ignore]`, `#[should_panic]`,
/// `#[expect]` and other attributes apply to the test as they would with `#[test]`, which this attribute adds.
///
/// The parameters are fixtures: types that implement `netns_fixtures::Fixture`. They are set up in order before the body and
/// dropped in reverse order after it.
///
/// ```text
/// use netns_fixtures::prelude::*;
///
/// #[netns_test]
/// fn listens_on_loopback() -> std::io::Result<()> {
///     std::net::TcpListener::bind("127.0.0.1:80")?; // any port is free here
///     Ok(())
/// }
///
/// #[netns_test(deadline = "5s", requires(vlan, netem), hostname = "router")]
/// async fn answers_late(namespace: Namespace) {}
/// ```
///
/// # Arguments
///
/// Each at most once, in any order.
///
/// - `deadline = "10s"`: the time after which the test is killed and fails. A whole number with the unit `ms`, `s`, `m` or `h`,
///   from `1ms` to `1h`. Default: `NETNS_TEST_DEADLINE`, else 30 s.
/// - `requires(netem, vlan)`: features that the kernel must have. If one is missing, the test is skipped visibly, with the
///   reason. A wrong name is an error that lists the valid ones.
/// - `hostname = "router"`: the host name inside the test; 1 to 64 letters, digits, hyphens and dots, no hyphen first (Linux,
///   `__NEW_UTS_LEN`).
/// - `crate = "path"`: the path that re-exports `netns_fixtures`, for crates that wrap it. Default: `::netns_fixtures`.
/// - `flavor = "current_thread"` (the default) or `"multi_thread"`: the tokio runtime of an `async fn`.
/// - `worker_threads = 4`: threads of the multi-thread runtime, 1 to 64. Default: 2, the smallest number that runs tasks
///   concurrently; more would add little, because the tests of a binary already run in parallel.
#[proc_macro_attribute]
pub fn netns_test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::netns_test(arguments.into(), item.into()).into()
}

/// Returns the names that `requires(…)` takes, as an expression of type `&[&str]`.
///
/// `netns-fixtures` uses it to check at compile time that it has a probe for each name. Not part of the interface.
#[doc(hidden)]
#[proc_macro]
pub fn __requirement_names(input: TokenStream) -> TokenStream {
    requirement::names(&input.into()).into()
}
