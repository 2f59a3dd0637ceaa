//! The `#[netns_test]` attribute of `netns-fixtures`: nothing but syntax.
//!
//! The crate reads tokens and writes tokens. What a test does at run time, from the namespaces to the deadline, is
//! behind `netns_fixtures::__private`; the expansion (`expand`) is one declaration and one call into it.
//!
//! Invariants: one mistake of the user is one error, at the token that is wrong, and lists what is right from the same
//! table that the parser reads; a function that is in error is still emitted (`fallback`), so that what it uses does
//! not become a second error; no token of ours carries a span that a lint of the user's crate would take for the
//! user's own.

mod arguments;
mod expand;
mod fallback;
mod function;
mod mistake;
mod requirement;
mod value;

use proc_macro::TokenStream;

/// Runs a test in a process inside user, network, mount, pid, ipc and uts namespaces of its own, under a deadline.
///
/// Goes on `fn` and `async fn` without generics, in integration tests, unit tests and nested modules. The return type
/// is any that implements [`Termination`](std::process::Termination). Documentation, `#[cfg]`, `#[ignore]`,
/// `#[should_panic]`, `#[expect]` and further attributes apply to the test as they would beside `#[test]`, which the
/// attribute brings itself.
///
/// The parameters are fixtures: any type that implements `netns_fixtures::Fixture`, set up in their order before the
/// body and dropped in reverse order after it.
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
/// - `deadline = "10s"`: when the test is killed and fails. A whole number with the unit `ms`, `s`, `m` or `h`, from
///   `1ms` to `1h`. Default: 30 s, or what `NETNS_TEST_DEADLINE` says.
/// - `requires(netem, vlan)`: what the kernel has to offer; the test is skipped, visibly and with the reason, where it
///   does not. A wrong name is an error that lists the valid ones.
/// - `hostname = "router"`: the host name inside the test; 1 to 64 letters, digits, hyphens and dots, no hyphen first
///   (Linux, `__NEW_UTS_LEN`).
/// - `crate = "path"`: where `netns_fixtures` is re-exported, for crates that wrap it. Default: `::netns_fixtures`.
/// - `flavor = "current_thread"` (the default) or `"multi_thread"`: the tokio runtime of an `async fn`.
/// - `worker_threads = 4`: threads of the multi-thread runtime, 1 to 64. Default: 2, the fewest with which tasks run at
///   the same time, for the tests of a binary run in parallel already.
#[proc_macro_attribute]
pub fn netns_test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::netns_test(arguments.into(), item.into()).into()
}

/// The names that `requires(…)` takes, as an expression of type `&[&str]`.
///
/// For `netns-fixtures`, which checks while it compiles that it can try each of them out. Not part of the interface.
#[doc(hidden)]
#[proc_macro]
pub fn __requirement_names(input: TokenStream) -> TokenStream {
    requirement::names(&input.into()).into()
}
